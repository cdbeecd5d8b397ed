"""Check that every relative link and anchor in the project's Markdown leads somewhere."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_HEADING = re.compile(r"^#+\s+(.*)$", re.MULTILINE)


def main() -> None:
    """Print every broken link, and exit with 1 if there is one."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=ROOT, capture_output=True, check=True
    )
    broken = [fault for name in listed.stdout.decode().split() for fault in _faults(ROOT / name)]
    print("\n".join(broken), end="\n" if broken else "")
    sys.exit(bool(broken))


def _faults(file: Path) -> list[str]:
    text = _CODE.sub("", file.read_text(encoding="utf-8"))
    links = (
        target for target in _LINK.findall(text) if "://" not in target and not target.startswith("mailto:")
    )
    return [
        f"{file.relative_to(ROOT)}: {target} leads nowhere" for target in links if not _leads(file, target)
    ]


def _leads(file: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = (file.parent / path) if path else file
    if not found.exists():
        return False
    return not anchor or anchor in _anchors(found.read_text(encoding="utf-8"))


def _anchors(text: str) -> set[str]:
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(text)
    }


if __name__ == "__main__":
    main()
