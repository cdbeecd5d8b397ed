# Two commands do all set-up: `make demo` and `make test`. Python 3.11 or later; on Debian python3-venv, make and git first.
PYTHON ?= python3
BIN := .venv/bin

# A cluster for a person: kind where Docker is, otherwise native; make cluster LEVEL=api-server does without a node.
.PHONY: cluster cluster-down
cluster: .venv/dev ; @$(BIN)/python -m e2e.cluster up $(if $(LEVEL),--level=$(LEVEL))

cluster-down: .venv/dev ; @$(BIN)/python -m e2e.cluster down

.PHONY: demo check test golden manifests docs site bench image resolver lock clean

demo: .venv/cli ; @manifests/examples/demo.sh

check: .venv/dev ; @tools/check.sh

# With ARGS only what they name, without the coverage gate, which is of the unit tests.
test: .venv/dev
ifdef ARGS
	@$(BIN)/pytest $(ARGS)
else
	@$(BIN)/pytest tests --numprocesses=auto --cov --cov-report=term
	@$(BIN)/pytest e2e --durations=20 --durations-min=10
endif

golden: .venv/dev ; @$(BIN)/pytest tests/golden -q --update-golden

manifests: .venv/dev ; @PYTHONPATH=. $(BIN)/python tools/write_manifests.py

docs: .venv/dev ; @$(BIN)/python -m tools.write_pages

# Without a request to anybody: docs/ as pages in build/site.
site: .venv/docs ; @$(BIN)/python -m tools.site && echo build/site/index.html

bench: .venv/dev ; @PYTHONPATH=. $(BIN)/python e2e/bench/run.py

image: ; docker build -t enc-operator .

resolver: .venv/cli ; @mkdir -p build && $(BIN)/python -c 'from enc_operator.resolver_bundle import resolver_script; print(resolver_script(), end="")' > build/resolver && chmod 0500 build/resolver && sha256sum build/resolver

lock: ; tools/lock.sh

clean: ; rm -rf .venv build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/%: requirements/%.lock pyproject.toml
	@$(PYTHON) tools/environment.py $*
