# The operator: docker run --rm enc-operator --help
# encctl: docker run --rm --entrypoint encctl -v "$PWD:/work:ro" enc-operator plan manifests/
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/operator.lock requirements/cli.lock requirements/
RUN python3 -m venv /opt/enc && /opt/enc/bin/pip install --no-cache-dir --require-hashes \
    --requirement requirements/operator.lock --requirement requirements/cli.lock
COPY pyproject.toml README.md LICENSE ./
COPY charts/enc-operator/crds charts/enc-operator/crds
COPY docs/man docs/man
COPY operator operator
# What only the build needs does not come along.
RUN /opt/enc/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/enc/bin/pip uninstall --yes --quiet editables hatchling pathspec pluggy tomlkit trove-classifiers pip

FROM debian:trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends python3 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 65532 --no-create-home enc
COPY --from=build /opt/enc /opt/enc
ENV PATH=/opt/enc/bin:/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["enc-operator"]
CMD ["--help"]
