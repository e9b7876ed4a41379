"""An Odoo server on a port of its own while a benchmark needs it."""

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager

import psutil
from client import Browser, HttpError
from inside import HERE

LOGS = HERE / ".run/bench"
WORKERS = 2


def free_port():
    """Return a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running Odoo."""

    def __init__(self, database, port, process):
        self.database = database
        self.port = port
        self.process = process

    def browsers(self, count):
        """:return: visitors who have not signed in"""
        return [Browser(self.port) for _number in range(count)]

    def residents(self, count, password):
        """:return: signed-in residents"""
        browsers = self.browsers(count)
        for number, browser in enumerate(browsers):
            browser.sign_in(self.database, f"bench{number}", password)
        return browsers

    def get_memory(self):
        """:return: the resident megabytes of the largest process"""
        processes = psutil.Process(self.process.pid).children(recursive=True)
        return max(child.memory_info().rss for child in processes) / 2**20


@contextmanager
def serve(database, jobs=None, cron=1):
    """Serve ``database`` as `make run` does: workers, cron, job runner.

    :param jobs: how many jobs of the group-buy channel run at once
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    port = free_port()
    environment = dict(os.environ, ODOO_QUEUE_JOB_PORT=str(port))
    if jobs:
        channels = f"root:{jobs},root.groupbuy:{jobs}"
        environment["ODOO_QUEUE_JOB_CHANNELS"] = channels
    command = [HERE / "scripts/odoo", "-d", database, f"--workers={WORKERS}"]
    command += [f"--max-cron-threads={cron}"]
    command += [f"--http-port={port}", f"--gevent-port={free_port()}"]
    command += ["--log-level=warn", f"--logfile={LOGS / database}.log"]
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_until_ready(process, port)
        yield Server(database, port, process)
    finally:
        stop(process)


def stop(process):
    """End the server with all its workers; gently first."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        pass
    # A worker that hangs would outlive its server.
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def wait_until_ready(process, port):
    """Wait for the first answer.

    :raise SystemExit: the server ended, or did not answer within two minutes
    """
    for _try in range(240):
        if process.poll() is not None:
            break
        try:
            Browser(port).get("/web/health")
            return
        except HttpError:
            time.sleep(0.5)
    raise SystemExit(f"Odoo did not start: see {LOGS}.")
