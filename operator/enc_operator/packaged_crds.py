"""The texts of our CustomResourceDefinitions: those that the package carries, in a checkout the chart's."""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path


def crd_texts() -> Iterator[str]:
    """Yield each CRD as YAML, in the order of their names."""
    for folder in (
        resources.files("enc_operator") / "crds",
        Path(__file__).parents[2] / "charts/enc-operator/crds",
    ):
        if folder.is_dir():
            for file in sorted(folder.iterdir(), key=lambda file: file.name):
                yield file.read_text(encoding="utf-8")
            return
