"""A review from the document to its outcome. The server calls `review` again as long as it asks something."""

from collections.abc import Mapping
from typing import Any

from enc_operator.core.admission.model import Answer, Outcome
from enc_operator.core.admission.world import World
from enc_operator.core.inventory import AnyQuestion


def review(
    document: Any,
    world: World,
    answers: Mapping[AnyQuestion, bool],
    *,
    last: bool = False,
    whole: bool = True,
) -> Outcome:
    """Judge a decoded AdmissionReview (admission.k8s.io/v1) of any shape.

    `answers` are those to the questions of earlier calls; with `last` nothing more is asked, and what has no answer counts as a no.
    `whole` is False where the decoder left out what lay too deep.
    """
    raise NotImplementedError


def undecided(document: Any, world: World, why: str) -> Answer:
    """Answer a review that could not be decided (a deadline, an overload): refused where anything is enforced, let through elsewhere."""
    raise NotImplementedError
