"""A later release of the project for its upgrade: the same image and chart with another resolver. No other difference is made."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster import images
from e2e.cluster.interface import Cluster
from e2e.scenarios.rendered_chart import CHART

_ROOT = Path(__file__).parents[2]
_CHANGE = "# a later release"
_DOCKERFILE = """\
FROM {image}
USER 0:0
RUN for file in /opt/enc/lib/python3*/site-packages/enc_resolver/values.py; do echo '{change}' >> "$file"; done
USER 65532:65532
"""
_ASKED = """
import json
from enc_operator.resolver_bundle import init_command, payload_digest
print(json.dumps([init_command(), payload_digest()]))
"""


@dataclass(frozen=True)
class Release:
    """An image, the chart that belongs to it, and the digest of their resolver."""

    image: str
    chart: Path
    digest: str


def this_release(image: str) -> Release:
    """Return the project as it stands, with the image that was built of it."""
    return Release(image, CHART, str(_told(_ROOT / "operator")[1]))


def next_release(cluster: Cluster, image: str, folder: Path) -> Release:
    """Build another release on the project's image, and bring its image to the cluster's node."""
    name, chart, context = f"{image}-next", folder / "chart", folder / "context"
    context.mkdir()
    (context / "Dockerfile").write_text(_DOCKERFILE.format(image=image, change=_CHANGE))
    cluster.load_image(images.build(name, context, ground=images.build(image, _ROOT)))
    shutil.copytree(_ROOT / "operator", folder / "operator", ignore=shutil.ignore_patterns("__pycache__"))
    with (folder / "operator/enc_resolver/values.py").open("a") as source:
        source.write(f"{_CHANGE}\n")
    command, digest = _told(folder / "operator")
    shutil.copytree(CHART, chart)
    (chart / "files/init-command.json").write_text(json.dumps(command) + "\n")
    return Release(name, chart, str(digest))


def _told(sources: Path) -> tuple[list[str], str]:
    ran = subprocess.run(
        [sys.executable, "-c", _ASKED],
        env={**os.environ, "PYTHONPATH": str(sources), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    command, digest = json.loads(ran.stdout)
    return command, digest
