# encctl in an image: docker run --rm -v "$PWD:/work:ro" enc-operator plan manifests/
FROM debian:trixie-slim AS build
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY requirements/cli.lock requirements/cli.lock
RUN python3 -m venv /opt/enc && /opt/enc/bin/pip install --no-cache-dir --require-hashes --requirement requirements/cli.lock
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
COPY charts/enc-operator/crds charts/enc-operator/crds
COPY docs/man docs/man
RUN /opt/enc/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM debian:trixie-slim
RUN apt-get update && apt-get install --yes --no-install-recommends python3 && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 65532 --no-create-home enc
COPY --from=build /opt/enc /opt/enc
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/opt/enc/bin/encctl"]
CMD ["--help"]
