"""The series that operator and webhook show, by asking their registries."""

from collections.abc import Iterable
from dataclasses import replace

from prometheus_client import CollectorRegistry

from enc_operator.cluster.reflector import ReflectorState
from enc_operator.controller.metrics import Metrics
from enc_operator.controller.state import State
from enc_operator.webhook.metrics import Metrics as WebhookMetrics


def exposed() -> set[str]:
    """Return the names of all series that operator and webhook show."""
    operator, webhook = Metrics(), WebhookMetrics()
    operator.follow(lambda: replace(State(), watches={"/api/v1/pods": ReflectorState()}))
    webhook.reach(lambda: True)
    return {*_names(operator.registry), *_names(webhook.registry)}


def _names(registry: CollectorRegistry) -> Iterable[str]:
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
    return (family.name + end for family in registry.collect() for end in suffixes[family.type])
