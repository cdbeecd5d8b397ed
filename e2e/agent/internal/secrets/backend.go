package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// payloadVersion is the protocol's version, comp/core/secrets/def/type.go.
const payloadVersion = "1.1"

// The Agent's built-in limits, comp/core/secrets/impl/secrets.go.
const (
	DefaultTimeout   = 30
	DefaultOutputMax = 1024 * 1024
)

// Verdict is the answer for one handle, in the protocol's JSON.
type Verdict struct {
	Value string `json:"value,omitempty"`
	Error string `json:"error,omitempty"`
}

// Execution is what may be told about one run of the backend: never what it wrote.
type Execution struct {
	ExitCode     string `json:"exit_code"`
	Milliseconds int64  `json:"milliseconds"`
	Handles      int    `json:"handles"`
	StdoutBytes  int    `json:"stdout_bytes"`
	StderrBytes  int    `json:"stderr_bytes"`
	Error        string `json:"error,omitempty"`
}

// limited collects output and fails the command that writes more than max, as the Agent's buffer does. The buffer is not
// embedded: its ReadFrom would take everything in, past Write.
type limited struct {
	buffer bytes.Buffer
	max    int
}

func (l *limited) Write(chunk []byte) (int, error) {
	if len(chunk)+l.buffer.Len() > l.max {
		return 0, fmt.Errorf("command output was too long: exceeded %d bytes", l.max)
	}
	return l.buffer.Write(chunk)
}

// fetch has the backend resolve handles: comp/core/secrets/impl/fetch_secret.go, NEW. A verdict per handle; the error is
// for a run that gave none at all.
func (r *Resolver) fetch(handles []string) (values map[string]string, failures map[string]error, err error) {
	payload, err := json.Marshal(map[string]any{
		"version": payloadVersion, "secrets": handles, "secret_backend_timeout": r.settings.Timeout,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("could not serialize secrets IDs to fetch password: %s", err)
	}
	output, err := r.execute(payload, len(handles))
	if err != nil {
		return nil, nil, err
	}
	answers := map[string]Verdict{}
	if err := json.Unmarshal(output, &answers); err != nil {
		return nil, nil, fmt.Errorf("'%s' returned invalid JSON: %s", r.settings.Command, withoutContent(err))
	}
	values, failures = r.judge(handles, answers)
	return values, failures, nil
}

func (r *Resolver) judge(handles []string, answers map[string]Verdict) (map[string]string, map[string]error) {
	values, failures := map[string]string{}, map[string]error{}
	for _, handle := range handles {
		answer, answered := answers[handle]
		if r.settings.RemoveLineBreak {
			answer.Value = strings.TrimRight(answer.Value, "\r\n")
		}
		switch {
		case !answered:
			failures[handle] = fmt.Errorf("secret handle '%s' was not resolved by the secret_backend_command", handle)
		case answer.Error != "":
			failures[handle] = fmt.Errorf("an error occurred while resolving '%s': %s", handle, answer.Error)
		case answer.Value == "":
			failures[handle] = fmt.Errorf("resolved secret for '%s' is empty", handle)
		default:
			values[handle] = answer.Value
		}
	}
	return values, failures
}

// withoutContent describes a JSON error by place and type: encoding/json quotes the offending text, which may be a value.
func withoutContent(err error) string {
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Sprintf("syntax error at byte %d", syntax.Offset)
	case errors.As(err, &shape):
		return fmt.Sprintf("cannot unmarshal into %s at byte %d", shape.Type, shape.Offset)
	default:
		return "unreadable"
	}
}

// execute runs the backend once. A child of the backend that keeps stdout open keeps the Agent waiting beyond the
// time-out, here as there: neither sets exec.Cmd.WaitDelay.
func (r *Resolver) execute(payload []byte, handles int) ([]byte, error) {
	limit := time.Duration(r.settings.Timeout) * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	command := exec.CommandContext(ctx, r.settings.Command, r.settings.Arguments...)
	if err := checkRights(command.Path, r.settings.AllowGroupExec); err != nil {
		r.record(Execution{ExitCode: "refused", Handles: handles, Error: err.Error()})
		return nil, err
	}
	stdout, stderr := &limited{max: r.settings.OutputMax}, &limited{max: r.settings.OutputMax}
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(payload), stdout, stderr
	start := time.Now()
	err := command.Run()
	run := Execution{
		ExitCode: exitCode(ctx, err), Milliseconds: time.Since(start).Milliseconds(), Handles: handles,
		StdoutBytes: stdout.buffer.Len(), StderrBytes: stderr.buffer.Len(),
	}
	switch {
	case err == nil:
	case ctx.Err() == context.DeadlineExceeded:
		err = fmt.Errorf("error while running '%s': command timeout", r.settings.Command)
	default:
		err = fmt.Errorf("error while running '%s': %s", r.settings.Command, err)
	}
	if err != nil {
		run.Error = err.Error()
	}
	r.record(run)
	return stdout.buffer.Bytes(), err
}

// exitCode spells it as the Agent's metric secret_backend__elapsed_ms does.
func exitCode(ctx context.Context, err error) string {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return "0"
	case errors.As(err, &exit) && ctx.Err() == nil:
		return strconv.Itoa(exit.ExitCode())
	case ctx.Err() == context.DeadlineExceeded:
		return "timeout"
	default:
		return "unknown"
	}
}
