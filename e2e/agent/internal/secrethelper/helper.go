// Package secrethelper is `secret-helper read`, the backend that the Agent's images bring (cmd/secrethelper). Its
// messages are the Agent's, word for word, because users and tests see them.
package secrethelper

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"enc-operator.io/e2e/agent/internal/kube"
	"enc-operator.io/e2e/agent/internal/secrets"
)

const (
	majorVersion = "1"
	maxFileBytes = 8192
)

// SecretGetter reads the data of one Secret.
type SecretGetter func(namespace, name string) (map[string][]byte, error)

// Run reads a request and writes the answer. An error means that there is no answer, and a non-zero exit.
func Run(in io.Reader, out io.Writer, dir string, prefixes bool, get SecretGetter) error {
	handles, err := requested(in)
	if err != nil {
		return err
	}
	answers := map[string]secrets.Verdict{}
	for _, handle := range handles {
		provider, rest, found := strings.Cut(handle, "@")
		switch {
		case !prefixes || !found:
			answers[handle] = fileBelow(dir, handle, prefixes)
		case provider == "file":
			answers[handle] = readFile(rest)
		case provider == "k8s_secret":
			answers[handle] = readSecret(get, rest)
		default:
			answers[handle] = failed("provider not supported: %s", provider)
		}
	}
	encoded, err := json.Marshal(answers)
	if err != nil {
		return err
	}
	_, err = out.Write(encoded)
	return err
}

func requested(in io.Reader) ([]string, error) {
	content, err := io.ReadAll(in)
	if err != nil {
		return nil, err
	}
	var request struct {
		Version string   `json:"version"`
		Secrets []string `json:"secrets"`
	}
	if json.Unmarshal(content, &request) != nil {
		return nil, errors.New("failed to unmarshal json input")
	}
	if major, _, _ := strings.Cut(request.Version, "."); major != majorVersion {
		return nil, fmt.Errorf("incompatible protocol version %q", request.Version)
	}
	if len(request.Secrets) == 0 {
		return nil, errors.New("no secrets listed in input")
	}
	return request.Secrets, nil
}

func failed(format string, args ...any) secrets.Verdict {
	return secrets.Verdict{Error: fmt.Sprintf(format, args...)}
}

// fileBelow reads a handle without a provider. Nothing keeps `..` out, as in the Agent.
func fileBelow(dir, handle string, absolute bool) secrets.Verdict {
	path := filepath.Join(dir, handle)
	if absolute {
		full, err := filepath.Abs(path)
		if err != nil {
			return failed("%v", err)
		}
		path = full
	}
	return readFile(path)
}

func readFile(path string) secrets.Verdict {
	info, err := os.Lstat(path)
	if os.IsNotExist(err) {
		return failed("secret does not exist")
	}
	if err != nil {
		return failed("%v", err)
	}
	if info.Mode()&os.ModeSymlink != 0 {
		if verdict := leads(path); verdict.Error != "" {
			return verdict
		}
	}
	if info, err = os.Stat(path); err != nil {
		return failed("%v", err)
	}
	if info.Size() > maxFileBytes {
		return failed("secret exceeds max allowed size")
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return failed("%v", err)
	}
	return secrets.Verdict{Value: string(content)}
}

// leads refuses a link out of its own folder, by its first target only (providers/file.go): mounted Secrets are links.
func leads(path string) secrets.Verdict {
	target, err := os.Readlink(path)
	if err != nil {
		return failed("failed to read symlink target: %v", err)
	}
	dir := filepath.Dir(path)
	if !filepath.IsAbs(target) {
		target = filepath.Join(dir, target)
	}
	absolute, err := filepath.Abs(target)
	if err != nil {
		return failed("failed to resolve symlink absolute path: %v", err)
	}
	base, err := filepath.Abs(dir)
	if err != nil {
		return failed("failed to resolve absolute path of directory: %v", err)
	}
	if !strings.HasPrefix(filepath.Dir(absolute)+"/", base+"/") {
		return failed("not following symlink %q outside of %q", absolute, dir)
	}
	return secrets.Verdict{}
}

func readSecret(get SecretGetter, path string) secrets.Verdict {
	parts := strings.Split(path, "/")
	if len(parts) != 3 {
		return failed(`invalid format. Use: "namespace/name/key"`)
	}
	namespace, name, key := parts[0], parts[1], parts[2]
	data, err := get(namespace, name)
	if err != nil {
		return failed("%v", err)
	}
	value, found := data[key]
	if !found {
		return failed("key %s not found in secret %s/%s", key, namespace, name)
	}
	return secrets.Verdict{Value: string(value)}
}

// FromAPI reads Secrets from the API server with the pod's ServiceAccount. The client is made at the first Secret: files
// need none.
func FromAPI(serviceAccountDir string) SecretGetter {
	return func(namespace, name string) (map[string][]byte, error) {
		if err := pathSafe(namespace, name); err != nil {
			return nil, err
		}
		client, err := kube.InCluster(serviceAccountDir)
		if err != nil {
			return nil, err
		}
		return dataOf(client, namespace, name)
	}
}

func dataOf(client *kube.Client, namespace, name string) (map[string][]byte, error) {
	var secret struct {
		Data map[string][]byte `json:"data"`
	}
	err := client.Get("/api/v1/namespaces/"+url.PathEscape(namespace)+"/secrets/"+url.PathEscape(name), &secret)
	return secret.Data, err
}

// pathSafe refuses what client-go's request builder refuses before it sends anything.
func pathSafe(namespace, name string) error {
	switch {
	case name == "":
		return errors.New("resource name may not be empty")
	case namespace == "":
		return errors.New("an empty namespace may not be set when a resource name is provided")
	}
	for _, part := range []struct{ kind, text string }{{"namespace", namespace}, {"resource name", name}} {
		switch {
		case part.text == "." || part.text == "..":
			return fmt.Errorf("invalid %s %q: [may not be '%s']", part.kind, part.text, part.text)
		case strings.Contains(part.text, "%"):
			return fmt.Errorf("invalid %s %q: [may not contain '%%']", part.kind, part.text)
		}
	}
	return nil
}
