"""Two replicas through years of certificates: whoever trusts what the API server is told is always answered."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certificates_in_a_cluster import Configured, Stored
from enc_operator.webhook.certificates import Lives
from enc_operator.webhook.custody import SharedSecret, Shown
from enc_operator.webhook.keeping import Keeper
from enc_operator.webhook.registration import Registration
from scripted_api import Script, scripted
from serving_reviews import Served, review

LIVES = Lives(timedelta(days=30), timedelta(days=9), timedelta(hours=1))
NAMES = ("127.0.0.1",)


class World:
    """One Secret, one configuration, two replicas with a keeper each, and the time."""

    def __init__(self, servers: list[Served], stored: Stored, configured: Configured) -> None:
        self.servers, self.stored, self.configured = servers, stored, configured
        self.now = datetime(2026, 3, 1, tzinfo=UTC)
        self.keepers: list[Keeper] = []

    def bundle(self) -> bytes:
        """Return what the API server trusts now."""
        (bundle,) = set(self.configured.bundles)
        return base64.b64decode(bundle)

    def failures(self, *bundles: bytes) -> int:
        """Return how many reviews are not answered, of one to each replica by each who trusts one of these."""
        failed = 0
        for bundle in bundles:
            for served in self.servers:
                with served.client(bundle, timeless=True) as client:
                    failed += client.request("POST", "/validate", body=review()).status != 200
        return failed


@pytest.fixture
def world(serving: Callable[..., Served], tmp_path: Path) -> Iterator[World]:
    """Start the replicas."""
    stored, configured = Stored(None), Configured()
    scripts: tuple[Script, ...] = (stored, configured)
    folders = [tmp_path / "secret", tmp_path / "configuration"]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:
        secrets, configurations = (
            stack.enter_context(scripted(folder, script))
            for folder, script in zip(folders, scripts, strict=True)
        )
        found = World([serving(), serving()], stored, configured)
        for served in found.servers:
            custody = SharedSecret(secrets.gateway(), ("enc", "tls"), NAMES, lambda: found.now, LIVES)
            registered = Registration(configurations.gateway(), "enc", lambda: None)
            found.keepers.append(Keeper(custody, served.tls, lambda _, it=registered: it, nothing))  # type: ignore[misc]
        yield found


def nothing(_: Shown) -> str:
    """Find nothing wrong."""
    return ""


def test_nobody_is_ever_turned_away(world: World) -> None:
    """Replicas look one after the other, and an API server may know the bundle of one step before."""
    for keeper in world.keepers:
        keeper.step()
    chains, bundles = {world.stored.chain}, {world.bundle()}
    for hours in [*[24] * 19, 22, *[1] * 8, *[24] * 8]:
        world.now += timedelta(hours=hours)
        for keeper in world.keepers:
            before = world.bundle()
            keeper.step()
            assert (keeper.wrong, world.failures(before, world.bundle())) == ("", 0)
        chains.add(world.stored.chain)
        bundles.add(world.bundle())

    assert len(chains) >= 4
    assert len(bundles) == 3
