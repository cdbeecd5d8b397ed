"""What the tests of `encctl scan` share: pods of a workload, and a scan's data."""

import json
from typing import Any

import pytest
import yaml

from assessing import pod
from enc_operator.cli.main import main

DENIED = pod("ENC[k8s_secret@db/orders/password]", name="denied")
Captured = pytest.CaptureFixture[str]


def replica(name: str, text: str = DENIED) -> str:
    """Return a pod of Deployment shop/web."""
    manifest = yaml.safe_load(text)
    manifest["metadata"]["name"] = name
    manifest["metadata"]["labels"] = {"pod-template-hash": "6d4"}
    manifest["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "web-6d4", "controller": True}]
    return yaml.safe_dump(manifest)


def data_of(capsys: Captured, *arguments: str) -> dict[str, Any]:
    """Run a command and return its JSON."""
    main([*arguments, "-o", "json"])
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found
