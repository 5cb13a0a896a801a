"""A worker without a backend: it counts what it is asked, and answers with its process id.

Run as `worker_script.py [fail] --worker LISTENER,CONTROL`.
"""

import os
import sys

from prometheus_client import CollectorRegistry, Counter, Gauge

from limi.adapters.telemetry.totals import take
from limi.cli.server import run_server
from limi.cli.worker_link import WorkerLink, adopt_sockets
from limi.http.asgi import Receive, Scope, Send

registry = CollectorRegistry()
requests = Counter("requests", "Requests.", registry=registry)
Gauge("held", "Something held.", registry=registry).set(1)
listener, control = adopt_sockets(sys.argv[-1])
link = WorkerLink(control=control)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    match scope["path"]:
        case "/total":
            total = await link.gather(take(registry))
            samples = {sample.name: sample.value for family in total for sample in family.samples}
            body = "\n".join(f"{name} {value:g}" for name, value in samples.items())
        case "/die":
            os._exit(7)
        case _:
            requests.inc()
            body = str(os.getpid())
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode()})


if "fail" in sys.argv:
    sys.exit(3)
link.attach(snapshot=lambda: take(registry), facts={"version": "1"})
run_server(
    app,
    host="127.0.0.1",
    port=0,
    shutdown_seconds=5,
    announce=lambda _: None,
    listener=listener,
    companion=link,
)
