"""The questions of one review: which have an answer, which must be asked first, and which nobody will answer any more."""

from collections.abc import Mapping

from enc_operator.core.inventory import AnyQuestion

MOST_QUESTIONS = 128
"""How many different questions one review asks; a pod may hold some 30,000 handles."""


class Asking:
    """Answers to the questions of a review, as far as there are any.

    With `last` nothing is asked any more. What has no answer then, or is one question too many, counts as a no.
    """

    def __init__(self, answers: Mapping[AnyQuestion, bool], *, last: bool = False) -> None:
        self.answers = answers
        self.open: dict[AnyQuestion, None] = {}
        self.unanswered = False
        self._last = last
        self._seen: set[AnyQuestion] = set()

    def answer(self, question: AnyQuestion) -> bool | None:
        """Return the answer, or None and note that the question must be asked first."""
        self._seen.add(question)
        known = self.answers.get(question)
        if known is None and (self._last or len(self._seen) > MOST_QUESTIONS):
            self.unanswered = True
            return False
        if known is None:
            self.open[question] = None
        return known
