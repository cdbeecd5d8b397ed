#!/bin/sh
# Write the lock files anew: hashes, no index, no host. Needs uv.
set -eu
cd "$(dirname "$0")/.."
for extra in cli operator docs dev; do
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
        --extra "$extra" pyproject.toml requirements/build.in --output-file "requirements/$extra.lock"
done
