"""The pages of findings with their examples, as they are packaged with the program."""

from importlib import resources

from enc_operator.core.findings import CATALOGUE
from enc_operator.core.findings.pages import render_page


def examples_of(code: str) -> dict[str, str]:
    """Return the texts of a code's examples, `bad` and `good`."""
    folder = resources.files("enc_operator.data") / "findings" / code
    return {name: (folder / f"{name}.yaml").read_text(encoding="utf-8") for name in ("bad", "good")}


def page_of(code: str) -> str:
    """Return a code's page for a person; raise KeyError for a code that does not exist."""
    return render_page(code, examples_of(code) if code in CATALOGUE else {})
