"""A scripted server for each test, and a reflector of one."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from enc_operator.cluster.reflector import Reflector
from reflected_things import Play, Playing, Step
from scripted_api import Line, Script, ScriptedApi, Start, scripted


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start one server that follows a script."""
    opened = []

    def begin(script: Script) -> ScriptedApi:
        opened.append(scripted(tmp_path, script))
        return opened[-1].__enter__()

    yield begin
    for each in opened:
        each.__exit__(None, None, None)


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playing]:
    """Start a reflector on a server that takes one step for each request, and then says nothing more."""
    opened: list[Any] = []

    def begin(*steps: Step, **options: Any) -> Play:
        left, lock = iter(steps), threading.Lock()

        def script(line: Line) -> None:
            with lock:
                step = next(left, Line.hold)
            step(line)

        opened.append(scripted(tmp_path, script))
        played = Play(opened[-1].__enter__(), **options)
        opened.append(played.reflector)
        played.reflector.start()
        return played

    yield begin
    for each in reversed(opened):
        each.stop() if isinstance(each, Reflector) else each.__exit__(None, None, None)
