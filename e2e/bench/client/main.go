// A client that posts objects to the API server, or reviews to a webhook, at a fixed rate or as many as are answered. What they are stands
// with who orders them (load.py). In Go, since client, API server and webhook share the processors of a machine, and what is measured are the last two.
//
// At a fixed rate (open loop) each request is sent when it is due, however many are under way, and its latency counts from when it was
// due: a server that stands still is charged for everything that was to come meanwhile.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const longest = 10 * time.Second // after which a request has failed

// order is load.Order as JSON.
type order struct {
	Path    string   `json:"path"`
	Bodies  []string `json:"bodies"`
	Rate    float64  `json:"rate"`
	Workers int      `json:"workers"`
	Seconds float64  `json:"seconds"`
	Count   int64    `json:"count"`
	Said    string   `json:"said"`
}

// run is load.Run as JSON.
type run struct {
	Latencies []float64 `json:"latencies"`
	Seconds   float64   `json:"seconds"`
	Failed    int       `json:"failed"`
	First     string    `json:"first"`

	lock sync.Mutex
}

type client struct {
	http   *http.Client
	server string
}

func main() {
	if len(os.Args) != 5 {
		log.Fatal("usage: client SERVER CA CERTIFICATE KEY, with orders on the standard input")
	}
	transport, err := trusting(os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	asking := &client{&http.Client{Transport: transport, Timeout: longest}, os.Args[1]}
	orders := json.NewDecoder(bufio.NewReader(os.Stdin))
	for {
		var next order
		if err := orders.Decode(&next); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := json.NewEncoder(os.Stdout).Encode(asking.do(&next)); err != nil {
			log.Fatal(err)
		}
	}
}

func trusting(authority, certificate, key string) (*http.Transport, error) {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{pair}}
	return &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}, nil
}

func (c *client) do(o *order) *run {
	found := &run{Latencies: []float64{}}
	began := time.Now()
	if o.Rate > 0 {
		c.open(o, found, began)
	} else {
		c.closed(o, found, began)
	}
	found.Seconds = time.Since(began).Seconds()
	return found
}

func (c *client) open(o *order, found *run, began time.Time) {
	var sent sync.WaitGroup
	for number := range int64(o.Rate * o.Seconds) {
		due := began.Add(time.Duration(float64(number) / o.Rate * float64(time.Second)))
		time.Sleep(time.Until(due)) // the load's rate, not a wait for something
		sent.Add(1)
		go func() {
			defer sent.Done()
			c.post(o, number, due, found)
		}()
	}
	sent.Wait()
}

func (c *client) closed(o *order, found *run, began time.Time) {
	var next atomic.Int64
	var working sync.WaitGroup
	until := began.Add(time.Duration(o.Seconds * float64(time.Second)))
	for range o.Workers {
		working.Add(1)
		go func() {
			defer working.Done()
			for {
				number := next.Add(1) - 1
				if (o.Count > 0 && number >= o.Count) || (o.Seconds > 0 && time.Now().After(until)) {
					return
				}
				c.post(o, number, time.Now(), found)
			}
		}()
	}
	working.Wait()
}

func (c *client) post(o *order, number int64, due time.Time, found *run) {
	wrong := c.send(c.server+o.Path, o.Bodies[number%int64(len(o.Bodies))], o.Said)
	latency := time.Since(due).Seconds()
	found.lock.Lock()
	defer found.lock.Unlock()
	found.Latencies = append(found.Latencies, latency)
	if wrong != "" {
		found.Failed++
		if found.First == "" {
			found.First = wrong
		}
	}
}

// send returns what went wrong.
func (c *client) send(url, body, expected string) string {
	answer, err := c.http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	good := answer.StatusCode == http.StatusCreated || answer.StatusCode == http.StatusOK
	if !good || !strings.Contains(string(said), expected) {
		return fmt.Sprintf("%d %s", answer.StatusCode, said)
	}
	return ""
}
