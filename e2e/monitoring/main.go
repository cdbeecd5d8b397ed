// Judges alerts as Prometheus does, with its own parser and engine: is a file of rules valid, which metrics does an expression
// name, and what does it yield over given series? No server, no scraping, no time that passes: `for` is not waited for.
//
// Standard input is {"rules": "<YAML of groups>", "expressions": ["…"], "series": {"enc_leader{pod=\"a\"}": "1 1 0x5"}}, a value
// a minute; every expression is evaluated at the last one. Standard output is {"faults": ["…"], "found": [{"error": "…",
// "metrics": ["…"], "yields": [{"pod": "a"}]}]}.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
)

type question struct {
	Rules       string            `json:"rules"`
	Expressions []string          `json:"expressions"`
	Series      map[string]string `json:"series"`
}

type found struct {
	Error   string              `json:"error"`
	Metrics []string            `json:"metrics"`
	Yields  []map[string]string `json:"yields"`
}

type answer struct {
	Faults []string `json:"faults"`
	Found  []found  `json:"found"`
}

var syntax = parser.NewParser(parser.Options{})

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var asked question
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "promql-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	store, err := tsdb.Open(folder, nil, nil, tsdb.DefaultOptions(), nil)
	if err != nil {
		return err
	}
	defer store.Close()
	last, err := load(store, asked.Series)
	if err != nil {
		return err
	}
	told := answer{Faults: faults(asked.Rules), Found: []found{}}
	for _, expression := range asked.Expressions {
		told.Found = append(told.Found, evaluate(store, expression, last))
	}
	return json.NewEncoder(os.Stdout).Encode(told)
}

func faults(rules string) []string {
	told := []string{}
	if rules == "" {
		return told
	}
	_, errs := rulefmt.Parse([]byte(rules), false, model.UTF8Validation, syntax, slog.New(slog.DiscardHandler))
	for _, err := range errs {
		told = append(told, err.Error())
	}
	return told
}

// load writes the series and returns the time of the last value of the longest one.
func load(store *tsdb.DB, series map[string]string) (time.Time, error) {
	last := time.Unix(0, 0)
	writer := store.Appender(context.Background())
	for name, values := range series {
		set, sequence, err := syntax.ParseSeriesDesc(name + " " + values)
		if err != nil {
			return last, err
		}
		for minute, value := range sequence {
			if value.Omitted {
				continue
			}
			at := time.Unix(int64(minute)*60, 0)
			if _, err := writer.Append(0, set, at.UnixMilli(), value.Value); err != nil {
				return last, err
			}
			if at.After(last) {
				last = at
			}
		}
	}
	return last, writer.Commit()
}

func evaluate(store *tsdb.DB, expression string, at time.Time) found {
	told := found{Metrics: []string{}, Yields: []map[string]string{}}
	parsed, err := syntax.ParseExpr(expression)
	if err != nil {
		told.Error = err.Error()
		return told
	}
	told.Metrics = metrics(parsed)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 100000, Timeout: time.Minute, EnableAtModifier: true})
	query, err := engine.NewInstantQuery(context.Background(), store, nil, expression, at)
	if err != nil {
		told.Error = err.Error()
		return told
	}
	defer query.Close()
	result := query.Exec(context.Background())
	if result.Err != nil {
		told.Error = result.Err.Error()
		return told
	}
	samples, _ := result.Vector()
	for _, sample := range samples {
		told.Yields = append(told.Yields, sample.Metric.Map())
	}
	return told
}

func metrics(expression parser.Expr) []string {
	names := []string{}
	parser.Inspect(expression, func(node parser.Node, _ []parser.Node) error {
		if selector, is := node.(*parser.VectorSelector); is {
			for _, matcher := range selector.LabelMatchers {
				if matcher.Name == labels.MetricName {
					names = append(names, matcher.Value)
				}
			}
		}
		return nil
	})
	slices.Sort(names)
	return slices.Compact(names)
}
