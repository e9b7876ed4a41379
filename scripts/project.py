"""The checkout as the test and lint scripts see it: its addons, and running things."""

import ast
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
RUN = HERE / ".run"
SCRIPTS = HERE / "scripts"
ADDONS = HERE / "addons"
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$")
BEAT = 15


def addons():
    """Return the names of this checkout's addons, those first that others depend on."""
    names = sorted(path.parent.name for path in ADDONS.glob("*/__manifest__.py"))
    ordered = []

    def add(name):
        if name in names and name not in ordered:
            for dependency in depends(name):
                add(dependency)
            ordered.append(name)

    for name in names:
        add(name)
    return ordered


def depends(name):
    """Return what the manifest of one of our addons depends on."""
    manifest = (ADDONS / name / "__manifest__.py").read_text()
    return ast.literal_eval(manifest[manifest.index("{") :]).get("depends", ["base"])


def foreign_dependencies(names):
    """Return the addons of Odoo and others that ``names`` and their bases depend on."""
    ours, found, todo = set(addons()), set(), list(names)
    while todo:
        name = todo.pop()
        for dependency in depends(name):
            if dependency not in ours:
                found.add(dependency)
            else:
                todo.append(dependency)
    return sorted(found)


def say(*words):
    """Print at once, also into a pipe."""
    print(*words, flush=True)


def run_logged(command, log, progress=None, **options):
    """Run ``command`` with its output in the file ``log``; return its exit code.

    Says every 15 seconds that it is alive. ``progress`` gives words for that from the
    log's text.
    """
    start, done = time.monotonic(), threading.Event()

    def beat():
        while not done.wait(BEAT):
            text = log.read_text(errors="replace")
            words = progress(text) if progress else text.rstrip().rsplit("\n", 1)[-1]
            say(f"  … {time.monotonic() - start:.0f} s: {words[:100]}")

    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as output:
        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            return subprocess.run(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=HERE,
                check=False,
                **options,
            ).returncode
        finally:
            done.set()
            thread.join()


def summarize(passed, failed):
    """Print the line by which every script here reports, and exit accordingly.

    Nothing passed means that nothing was tested, which is a failure, too.
    """
    if not passed and not failed:
        say("No test ran.")
        failed = 1
    say(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
