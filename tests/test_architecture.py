"""What import contracts cannot hold: sizes, the source root, the resolver's independence, the package's content."""

import ast
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from assessing import ROOT

OPERATOR = ROOT / "operator"
MODULES = sorted(
    path for folder in ("operator", "tests", "tools", "e2e") for path in (ROOT / folder).rglob("*.py")
)
MAX_LINES = 300
MAX_FUNCTION = 50


def test_operator_is_no_package() -> None:
    """A package called operator would shadow the standard library's."""
    assert not (OPERATOR / "__init__.py").exists()


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_sizes(module: Path) -> None:
    """A module has at most 300 lines, a function at most 50."""
    text = module.read_text()

    assert text.count("\n") <= MAX_LINES
    long = [node.name for node in functions(text) if (node.end_lineno or 0) - node.lineno >= MAX_FUNCTION]
    assert long == []


def functions(text: str) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the functions of a module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_resolver_needs_only_the_standard_library() -> None:
    """What the Agent executes imports nothing that an Agent's image may lack."""
    known = sys.stdlib_module_names | {"enc_resolver"}
    for module in (OPERATOR / "enc_resolver").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert {name.partition(".")[0] for name in names} <= known, module


def test_resolver_starts_isolated() -> None:
    """The resolver starts without site-packages and without an environment."""
    code = f"import sys; sys.path.insert(0, {str(OPERATOR)!r}); import enc_resolver.handles"

    assert subprocess.run([sys.executable, "-I", "-S", "-c", code], check=False).returncode == 0


def test_offline_commands_load_no_client() -> None:
    """Offline commands load no Kubernetes client, no framework, and jsonschema only for our own resources."""
    code = (
        "import sys\nfrom enc_operator.cli.main import main\n"
        f"main(['plan', {str(ROOT / 'tests/golden/annotations')!r}])\n"
        "print(sorted({'kopf', 'kubernetes', 'jsonschema', 'rich', 'asyncio'} & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, text=True)

    assert done.stderr.strip() == "[]"


def test_wheel_carries_its_data(tmp_path: Path) -> None:
    """The wheel holds what runs outside a checkout: the CRDs, the settings, the resolver."""
    build = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    subprocess.run([sys.executable, "-c", build, str(tmp_path)], cwd=ROOT, env=environment, check=True)

    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert {
        "enc_operator/crds/secretgrants.yaml",
        "enc_operator/data/agent_settings.txt",
        "enc_resolver/__main__.py",
        "enc_operator/py.typed",
    } <= set(names)


@pytest.mark.parametrize("lock", ["cli", "operator", "dev"])
def test_locks_name_no_host(lock: str) -> None:
    """A lock file pins with hashes and names no index."""
    text = (ROOT / f"requirements/{lock}.lock").read_text()

    assert "://" not in text
    assert text.count("==") <= text.count("--hash=sha256:")
