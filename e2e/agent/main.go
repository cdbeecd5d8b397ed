// Command agent-stand-in behaves like the Datadog Agent or Cluster Agent as far as secrets go: it finds configurations,
// has the configured backend resolve their handles, and reports what it did. See README.md.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"enc-operator.io/e2e/agent/internal/flavour"
	"enc-operator.io/e2e/agent/internal/kube"
	"enc-operator.io/e2e/agent/internal/secrethelper"
)

var errUsage = errors.New("usage: run | start | secret-helper read [dir] [--with-provider-prefixes] | secret [refresh]")

func main() {
	stopped := make(chan os.Signal, 1)
	signal.Notify(stopped, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-stopped
		os.Exit(0)
	}()
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err := command(os.Args); err != nil {
		fmt.Fprintf(os.Stderr, "Error: %s\n", err)
		os.Exit(1)
	}
}

func command(args []string) error {
	f, process := flavour.Of(args[0], os.Getenv("ENC_E2E_FLAVOUR"))
	if process == flavour.Beside || process == flavour.Idle {
		return runBeside(f, process)
	}
	words, dir := withoutFlags(args[1:])
	switch strings.Join(words[:min(len(words), 2)], " ") {
	case "run", "start":
		if dir != "" {
			f.ConfigDir = dir
		}
		return runAgent(f, process)
	case "secret-helper read":
		if len(words) > 3 {
			return fmt.Errorf("accepts at most 1 arg(s), received %d", len(words)-2)
		}
		prefixes := slices.Contains(args, "--with-provider-prefixes")
		root := strings.Join(words[2:], "")
		return secrethelper.Run(os.Stdin, os.Stdout, root, prefixes, secrethelper.FromAPI(kube.ServiceAccountDir))
	case "secret":
		return show(f, http.MethodGet, "/backend")
	case "secret refresh":
		return show(f, http.MethodPost, "/refresh")
	default:
		return errUsage
	}
}

// withoutFlags separates the words from the flags. Of these only the folder of the settings (-c, --cfgpath) counts.
func withoutFlags(args []string) (words []string, dir string) {
	for index := 0; index < len(args); index++ {
		name, value, joined := strings.Cut(args[index], "=")
		switch {
		case slices.Contains([]string{"-c", "--cfgpath"}, name):
			if dir = value; !joined && index+1 < len(args) {
				index++
				dir = args[index]
			}
		case !strings.HasPrefix(name, "-"):
			words = append(words, args[index])
		}
	}
	return words, dir
}

// show prints what the Agent in this container reports, as `agent secret` and `agent secret refresh` do.
func show(f flavour.Flavour, method, path string) error {
	address := "http://127.0.0.1:" + reportPort(os.Getenv(f.EnvPrefix+"HEALTH_PORT")) + path
	request, err := http.NewRequest(method, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var answer struct {
		Status string `json:"agent_secret"`
		Text   string `json:"text"`
		Error  string `json:"error"`
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	fmt.Print(answer.Status + answer.Text)
	if answer.Error != "" {
		return errors.New(answer.Error)
	}
	return nil
}
