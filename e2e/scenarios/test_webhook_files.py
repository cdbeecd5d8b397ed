"""The webhook with certificates that somebody else renews, and a caBundle that somebody else writes, on a real API server."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from e2e.cluster.native import NativeCluster
from e2e.scenarios.fenced_install import authority
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.running_operator import within
from e2e.scenarios.running_webhook import AdmissionInstall, WebhookReplica, admission
from e2e.scenarios.webhook_way import write_bundles

REACHED = "enc_admission_reached"


@dataclass(frozen=True)
class Filed:
    """An install whose certificates lie in a folder; `bundle` is their CA in base64."""

    install: AdmissionInstall
    folder: Path
    bundle: str

    @contextmanager
    def replica(self) -> Iterator[WebhookReplica]:
        """Run a replica."""
        certificates = {"folder": str(self.folder)}
        with self.install.replica("webhook", certificates=certificates) as found:
            yield found


@pytest.fixture(scope="module")
def filed(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filed]:
    """Install the chart with files."""
    if not isinstance(tenants.cluster, NativeCluster):
        pytest.skip("its API server does not run on this machine, where the webhook does")
    made, folder = trustme.CA(), tmp_path_factory.mktemp("tls")
    pair = made.issue_cert("127.0.0.1")
    pair.cert_chain_pems[0].write_to_path(str(folder / "tls.crt"))
    pair.private_key_pem.write_to_path(str(folder / "tls.key"))
    bundle = base64.b64encode(made.cert_pem.bytes()).decode()
    certificates = {"mode": "files", "existingSecret": "of-somebody", "caBundle": bundle}
    with admission(tenants, tmp_path_factory.mktemp("webhook"), certificates=certificates) as found:
        yield Filed(found, folder, bundle)


def test_whom_the_api_server_trusts_is_found_out_by_trying(filed: Filed) -> None:
    """Nothing in the replica knows it; it is not ready while a foreign CA is trusted, and by itself when its own is again."""
    with filed.replica() as replica:
        replica.ready()
        replica.reaching(REACHED, 1, 20)

        write_bundles(filed.install, authority())

        within(60, "it is not ready", lambda: "x509" in replica.get("/readyz")[1])
        write_bundles(filed.install, filed.bundle)
        within(30, "it is ready again", lambda: replica.get("/readyz")[0] == 200)
        replica.reaching(REACHED, 1, 20)
