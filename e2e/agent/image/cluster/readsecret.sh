#!/bin/sh
exec /opt/datadog-agent/bin/datadog-cluster-agent secret-helper read "$@"
