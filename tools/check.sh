#!/bin/sh
# Format, lint, types, import contracts, links.
set -eu
cd "$(dirname "$0")/.."
bin=.venv/bin
$bin/ruff format --check --quiet .
$bin/ruff check --quiet .
$bin/mypy --no-error-summary
$bin/lint-imports --no-logo >/dev/null || { $bin/lint-imports; exit 1; }
$bin/python tools/check_links.py
if command -v gofmt >/dev/null; then
    unformatted=$(gofmt -l e2e)
    [ -z "$unformatted" ] || { echo "gofmt -w $unformatted"; exit 1; }
fi
echo "check: format, lint, types, import contracts and links are in order"
