#!/bin/sh
# Run by the init-config container: what is mounted below /conf.d becomes part of the Agent's own folder.
target=/etc/datadog-agent/conf.d
[ -d /conf.d ] || exit 0
cd /conf.d || exit 1
find -L . -name '*.yaml' -not -path '*/..*' | while read -r file; do
    mkdir -p "$target/$(dirname "$file")"
    cp "$file" "$target/$file"
done
