"""What Prometheus and prometheus-operator make of the chart's objects; both come from their Go modules, pinned by sums beside this file."""
