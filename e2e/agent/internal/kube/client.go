package kube

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ServiceAccountDir is where the kubelet mounts a pod's token and CA.
const ServiceAccountDir = "/var/run/secrets/kubernetes.io/serviceaccount"

const answerTimeout = 10 * time.Second

// ErrNotInCluster is client-go's text for a process outside of any pod.
var ErrNotInCluster = errors.New("unable to load in-cluster configuration, " +
	"KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined")

// Client does GET requests with a ServiceAccount's token, read anew each time since the kubelet rotates it.
type Client struct {
	Base      string
	TokenFile string
	HTTP      *http.Client
}

// InCluster returns a Client of the API server as a pod finds it.
func InCluster(serviceAccountDir string) (*Client, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, ErrNotInCluster
	}
	trust, err := trusting(filepath.Join(serviceAccountDir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	return &Client{
		Base: "https://" + net.JoinHostPort(host, port), TokenFile: filepath.Join(serviceAccountDir, "token"), HTTP: trust,
	}, nil
}

// Kubelet returns a Client of a node's kubelet. verify is kubelet_tls_verify, caFile may be empty.
func Kubelet(host, port, tokenFile, caFile string, verify bool) (*Client, error) {
	client := &Client{Base: "https://" + net.JoinHostPort(host, port), TokenFile: tokenFile}
	if !verify {
		insecure := &tls.Config{InsecureSkipVerify: true} // as kubelet_tls_verify=false asks for
		client.HTTP = &http.Client{Timeout: answerTimeout, Transport: &http.Transport{TLSClientConfig: insecure}}
		return client, nil
	}
	var err error
	client.HTTP, err = trusting(caFile)
	return client, err
}

func trusting(caFile string) (*http.Client, error) {
	if caFile == "" {
		return &http.Client{Timeout: answerTimeout}, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", caFile)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	return &http.Client{Timeout: answerTimeout, Transport: transport}, nil
}

// Get reads one path into target. What the server answers instead becomes an error with a Status object's message.
func (c *Client) Get(path string, target any) error {
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, c.Base+path, nil)
	if err != nil {
		return err
	}
	if token, err := os.ReadFile(c.TokenFile); err == nil {
		request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return refusal(response.Status, body)
	}
	return json.Unmarshal(body, target)
}

func refusal(status string, body []byte) error {
	var object struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &object) == nil && object.Message != "" {
		return errors.New(object.Message)
	}
	return fmt.Errorf("unexpected answer %s", status)
}

// Pods lists the pods of the kubelet's node.
func (c *Client) Pods() ([]Pod, error) { return items[Pod](c, "/pods") }

// Services lists the Services of all namespaces.
func (c *Client) Services() ([]Service, error) { return items[Service](c, "/api/v1/services") }

// EndpointSlices lists the EndpointSlices of all namespaces.
func (c *Client) EndpointSlices() ([]EndpointSlice, error) {
	return items[EndpointSlice](c, "/apis/discovery.k8s.io/v1/endpointslices")
}

func items[T any](c *Client, path string) ([]T, error) {
	var list struct {
		Items []T `json:"items"`
	}
	err := c.Get(path, &list)
	return list.Items, err
}
