"""From a review to its answer where somebody has to be asked: in turns, until all is known or there is no time left.

Who decides, who answers, and where the work is done are given.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial

from enc_operator.cluster.calls import ApiError
from enc_operator.core.inventory import AnyQuestion
from enc_operator.webhook.places import Found, Judged, Run

_ROUNDS = 8  # the core asks in two or three
_RESERVE = 0.2  # seconds that an answer takes once everything is asked
_LEAST = 0.01

Asks = Callable[[AnyQuestion, float], Awaitable[bool]]
"""Ask the authorizer; raises ApiError where no answer comes within so many seconds."""


async def decide(begin: Callable[[], Found], run: Run, asks: Asks, deadline: float) -> Judged:
    """Decide; nothing is asked after `deadline` (monotonic seconds), and what was not answered then counts as a no."""
    found = await run(begin)
    answers: dict[AnyQuestion, bool] = {}
    rounds = 0
    while not isinstance(found, Judged):
        questions = set(found.questions)
        answers |= await _ask(questions, asks, deadline - _RESERVE)
        rounds += 1
        last = rounds == _ROUNDS or not questions <= answers.keys()
        found = await run(partial(found.decide, answers, last=last))
    return found


async def here(work: Callable[[], Found]) -> Found:
    """Work where it is called, in the loop."""
    return work()


async def _ask(questions: Iterable[AnyQuestion], asks: Asks, until: float) -> Mapping[AnyQuestion, bool]:
    """Ask all at once, and return the answers that came in time."""
    seconds = max(_LEAST, until - time.monotonic())
    said = await asyncio.gather(*(_answer(each, asks, seconds) for each in questions))
    return {question: answer for question, answer in said if answer is not None}


async def _answer(question: AnyQuestion, asks: Asks, seconds: float) -> tuple[AnyQuestion, bool | None]:
    try:
        return question, await asks(question, seconds)
    except ApiError:
        return question, None
