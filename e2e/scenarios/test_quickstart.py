"""docs/quickstart.md, command by command, on a cluster with a node: what the page shows is what is printed."""

import re
from collections.abc import Iterator

import pytest

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.conftest import ROOT
from e2e.scenarios.page_shell import Shell, link_programs
from e2e.scenarios.running_agents import AgentImages
from pages import blocks, sessions, write_files

PAGE = "quickstart.md"
_NAMESPACES = ("datadog", "enc-operator", "shop", "database")
# What only looks may be asked again until it shows what the page says: a cluster needs its moments.
_LOOKS = re.compile(r"kubectl (?:-n \S+ )?(?:get|exec|auth) ")
# The image is built and brought to the node by the tests' own means.
_BUILT_OTHERWISE = ("make image", "docker tag", "docker push")


class Session(Shell):
    """A shell that compares what is printed with what the page shows."""

    def shows(self, command: str, output: str) -> str:
        """Return what a command prints, which is what the page shows, or say how it differs."""
        printed: list[str] = []

        def agrees() -> bool:
            ran = self.run(command)
            printed.append(ran.stdout + ran.stderr)
            return matches(output, printed[-1])

        looking = bool(_LOOKS.match(command))
        if not (looking or agrees()):
            pytest.fail(f"{command}\nprinted\n{printed[-1]}\nbut the page shows\n{output}")
        if looking:
            try:
                wait_until(agrees, command, seconds=120)
            except TimeoutError:
                pytest.fail(f"{command}\nprinted\n{printed[-1]}\nbut the page shows\n{output}")
        return printed[-1]


def matches(shown: str, printed: str) -> bool:
    """Compare what a page shows with what was printed; `…` stands for anything, blanks for as many as there are."""
    pattern = ".*".join(re.escape(each) for each in " ".join(shown.split()).split("…"))
    return bool(re.fullmatch(pattern, " ".join(printed.split()), re.DOTALL))


@pytest.fixture(scope="module")
def shell(
    node: Cluster,
    operator_image: str,
    agent_images: AgentImages,
    base_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Session]:
    """Lay out the page's files with the images that there are here, and leave nothing in the cluster afterwards."""
    if isinstance(node, ExistingCluster):
        pytest.skip("the page installs a chart with CRDs and policies: this cluster is somebody's")
    folder = tmp_path_factory.mktemp("quickstart")
    (folder / "charts").symlink_to(ROOT / "charts")
    repository, tag = operator_image.rsplit(":", 1)
    here = {
        "registry.example.com/enc-operator\n  tag: 0.1.0": f"{repository}\n  tag: {tag}",
        "registry.datadoghq.com/agent:7.81.1": f"{agent_images.node}\n        imagePullPolicy: IfNotPresent",
        "docker.io/library/redis:8": f"{base_image}\n        imagePullPolicy: IfNotPresent\n        command: [sleep, infinity]",
    }
    found = Session(folder, link_programs(node, tmp_path_factory.mktemp("programs")), node.kubeconfig, here)
    write_files(PAGE, folder)
    for file in folder.glob("*.yaml"):
        file.write_text(found.adapted(file.read_text()))
    yield found
    node.helm("uninstall", "enc-operator", "--namespace=enc-operator", "--wait", "--ignore-not-found")
    node.kubectl("delete", "namespace", "--ignore-not-found", "--timeout=120s", *_NAMESPACES)
    node.kubectl("delete", "clusterrole,clusterrolebinding", "--ignore-not-found", "datadog-agent")
    crds = (f"{kind}.enc-operator.io" for kind in ("agenttargets", "secretgrants", "clustersecretgrants"))
    node.kubectl("delete", "crd", "--ignore-not-found", *crds)


def test_every_command_does_what_the_page_shows(shell: Session) -> None:
    """In the page's order, with nothing before or in between; no value of a Secret is printed."""
    session = sessions(PAGE)

    assert len(session) >= 25
    for command, output in session:
        printed = shell.shows(command, output)
        assert "stringData" not in printed, command


def test_only_the_image_is_built_otherwise() -> None:
    """What is not run is what Docker does."""
    left = [line for language, _, text in blocks(PAGE) if language == "sh" for line in text.splitlines()]

    assert left
    assert all(line.startswith(_BUILT_OTHERWISE) for line in left)


@pytest.mark.parametrize(
    ("shown", "printed", "agree"),
    [
        ("a  b\n", "a b", True),
        ("a … c", "a x\ny c", True),
        ("yes", "no", False),
        ("a", "a b", False),
        ("a (b)", "a b", False),
    ],
    ids=["blanks do not count", "anything stands for the rest", "another word", "more than is shown", "no pattern is meant"],
)  # fmt: skip
def test_what_is_shown_is_compared(shown: str, printed: str, *, agree: bool) -> None:
    """Word by word."""
    assert matches(shown, printed) == agree
