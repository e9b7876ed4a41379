"""An Odoo server on a port of its own while a benchmark needs it."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

from client import Browser, HttpError

HERE = Path(__file__).resolve().parent.parent.parent
LOGS = HERE / ".run/bench"


def free_port():
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(database, workers=2, jobs=None):
    """Serve ``database`` as `make run` does: workers, cron, job runner.

    :param jobs: how many jobs of the group-buy channel run at once
    :return: (port, process id)
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = dict(os.environ, ODOO_QUEUE_JOB_PORT=str(port))
    if jobs:
        channels = f"root:{jobs},root.groupbuy:{jobs}"
        environment["ODOO_QUEUE_JOB_CHANNELS"] = channels
    command = [HERE / "scripts/odoo", "-d", database, f"--workers={workers}"]
    command += [f"--db-filter=^{database}$", "--max-cron-threads=1"]
    command += [f"--http-port={port}", f"--gevent-port={free_port()}"]
    command += ["--log-level=warn", f"--logfile={LOGS / database}.log"]
    server = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        wait_until_ready(server, port)
        yield port, server.pid
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def wait_until_ready(server, port):
    """Wait for the first answer.

    :raise SystemExit: the server ended, or did not answer within two minutes
    """
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            Browser(port).get("/web/health")
            return
        except HttpError:
            time.sleep(0.5)
    raise SystemExit(f"Odoo did not start: see {LOGS}.")
