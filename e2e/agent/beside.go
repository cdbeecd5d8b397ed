package main

import (
	"log/slog"
	"os"

	"enc-operator.io/e2e/agent/internal/flavour"
	"enc-operator.io/e2e/agent/internal/report"
)

// runBeside is a program in a container beside the node Agent's, whatever its arguments are: it resolves its settings and
// goes on. The report is served where trace-agent would take traces, on a port that the pod's other containers leave alone.
func runBeside(f flavour.Flavour, process flavour.Process) error {
	if process == flavour.Idle {
		slog.Info("started", "process", string(process))
		select {}
	}
	a, err := newAgent(f, process, os.LookupEnv)
	if err != nil {
		return err
	}
	port := a.settings.Text("apm_config.receiver_port")
	slog.Info("started", "process", string(process), "report", port)
	if port == "" {
		select {}
	}
	return serve(":"+port, report.Handler(a))
}
