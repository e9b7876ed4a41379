"""Starting a simulator as a process of its own, and talking to its control route."""

import atexit
import os
import signal
import subprocess
import sys
from pathlib import Path

import requests

from sim import keys

TESTS = Path(__file__).resolve().parent.parent


class Process:
    """A simulator that runs until :meth:`stop`, or until this process ends."""

    def __init__(self, name, folder, port=0, books=":memory:"):
        self.keys = keys.load(folder, name)
        self.process = subprocess.Popen(
            [sys.executable, "-m", f"sim.{name}", str(port), str(folder), str(books)],
            cwd=TESTS,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        atexit.register(self.stop)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise RuntimeError(f"The simulator {name} did not start.")
        self.http = requests.Session()
        self.http.trust_env = False

    def control(self, command, **values):
        """Call a control command; see `Simulator.control_…`.

        :raise ValueError: the simulator refuses it
        """
        url = f"{self.url}/_control/{command}"
        answer = self.http.post(url, json=values, timeout=60)
        result = answer.json()
        if answer.status_code != 200:
            raise ValueError(result["error"])
        return result

    def faults(self, *faults, **options):
        return self.control("faults", faults=faults, **options)

    def state(self):
        """Wait until nothing is on its way; return the books."""
        self.control("idle")
        return self.control("state")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
