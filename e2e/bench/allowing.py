"""The least that an admission webhook can be in our stack, aiohttp and TLS: it decodes the review, and allows it.

Started as a program it takes certificate and key as the files of its arguments, and prints its port.
"""

import asyncio
import gc
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import trustme
from aiohttp import web

from e2e.cluster.interface import Cluster
from e2e.scenarios.registered_webhook import registered


@contextmanager
def allowing_webhook(cluster: Cluster, namespace: str, folder: Path) -> Iterator[int]:
    """Have all new pods of a namespace allowed by a process of its own; yield its id."""
    authority, chain, key = trustme.CA(), folder / "allowing.crt", folder / "allowing.key"
    certificate = authority.issue_cert("127.0.0.1")
    chain.write_bytes(certificate.cert_chain_pems[0].bytes())
    key.write_bytes(certificate.private_key_pem.bytes())
    command = [sys.executable, __file__, str(chain), str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout  # noqa: S101  (for the type checker)
        port = int(process.stdout.readline())
        rule = {"operations": ["CREATE"], "apiGroups": [""], "resources": ["pods"]}
        try:
            with registered(cluster, "ValidatingWebhookConfiguration", namespace, (port, authority), rule):
                yield process.pid
        finally:
            process.terminate()


async def _allow(request: web.Request) -> web.Response:
    review = json.loads(await request.read())
    review["response"] = {"uid": review.pop("request")["uid"], "allowed": True}
    return web.Response(body=json.dumps(review).encode(), content_type="application/json")


async def _serve(chain: str, key: str) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    app = web.Application()
    app.router.add_post("/", _allow)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=3600)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    gc.freeze()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
