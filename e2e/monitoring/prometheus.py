"""Prometheus' own parser and engine as a program, and the CRDs of prometheus-operator; how alerts are judged stands in main.go."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e.cluster import binaries
from e2e.cluster.cache import cached, content_hash
from e2e.cluster.interface import Unavailable

_HERE = Path(__file__).parent
_OPERATOR = ("github.com/prometheus-operator/prometheus-operator", "v0.85.0")
_OPERATOR_SUM = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
KINDS = ("podmonitors", "prometheusrules", "servicemonitors")


@dataclass(frozen=True)
class Judged:
    """What Prometheus makes of an expression: why it is none, the metrics that it names, the labels of what it yields."""

    error: str
    metrics: Sequence[str]
    yields: Sequence[Mapping[str, str]] = field(default=())


def program() -> Path:
    """Return the program, built within two minutes when it is not in the cache."""
    digest = content_hash(_HERE / "go.mod", _HERE / "go.sum", _HERE / "main.go", binaries.go_version())
    folder = cached("promql", digest, lambda where: binaries.build_program(_HERE, where, "-ldflags=-s -w"))
    return folder / "monitoring"


def crds() -> list[Path]:
    """Return the CRDs that the chart's objects are of, from the module with the pinned sum."""
    folder = cached("monitoring-crds", content_hash(*_OPERATOR, _OPERATOR_SUM), _take_crds)
    return sorted(folder.iterdir())


def faults_of_rules(groups: str) -> list[str]:
    """Return what Prometheus has against a file of rules, its templates included."""
    found: list[str] = _ask(rules=groups)["faults"]
    return found


def judge(expressions: Sequence[str], series: Mapping[str, str] | None = None) -> list[Judged]:
    """Judge expressions, and evaluate them at the end of series that have one value a minute (`{"up": "1 1 0x5"}`)."""
    return [Judged(**each) for each in _ask(expressions=list(expressions), series=series or {})["found"]]


def _ask(**question: Any) -> dict[str, Any]:
    ran = subprocess.run([program()], input=json.dumps(question), capture_output=True, text=True, check=False)
    if ran.returncode:
        raise ValueError(ran.stderr)
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def _take_crds(folder: Path) -> None:
    command = ["go", "mod", "download", "-json", "@".join(_OPERATOR)]
    environment = {**os.environ, "GOFLAGS": "-mod=mod"}
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if ran.returncode:
        raise Unavailable(f"{' '.join(command)} failed: {ran.stderr.strip() or ran.stdout.strip()}")
    module = json.loads(ran.stdout)
    if module["Sum"] != _OPERATOR_SUM:
        raise ValueError(f"{'@'.join(_OPERATOR)} has the sum {module['Sum']}, not the pinned {_OPERATOR_SUM}")
    for kind in KINDS:
        name = f"monitoring.coreos.com_{kind}.yaml"
        shutil.copy(Path(module["Dir"]) / "example/prometheus-operator-crd" / name, folder / f"{kind}.yaml")
