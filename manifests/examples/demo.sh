#!/bin/sh
# The main job on the example shop: what its Agents would resolve, what that takes, and what is wrong.
set -eu
cd "$(dirname "$0")/../.."
encctl=.venv/bin/encctl
output=build/demo

show() {
    echo
    echo "\$ encctl $*"
    code=0
    "$encctl" "$@" || code=$?
    # 1 says that there are findings, and the shop has some on purpose; 2 would be a failure.
    [ "$code" -le 1 ] || exit "$code"
}

show lint manifests/examples/shop
show plan --output-dir "$output" manifests/examples
echo "The objects are in $output, ready for GitOps or for: kubectl apply -k $output"
