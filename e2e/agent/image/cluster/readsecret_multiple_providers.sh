#!/bin/sh
# The Cluster Agent's script passes no arguments on: there is no root folder for handles without a provider.
set -e
exec /opt/datadog-agent/bin/datadog-cluster-agent secret-helper read --with-provider-prefixes
