"""Run the stages of "make test" one after the other, whatever fails, and sum up.

A stage is a command whose last line reads "N passed, M failed". One that ends
otherwise, or that passed nothing, has failed.
"""

import os
import subprocess
import time

from project import HERE, RUN, SCRIPTS, SUMMARY, say, summarize


def stages(database):
    """Return (name, command) of each stage."""
    addons = [name for name in os.environ.get("ADDONS", "").split(",") if name]
    test = ["python", SCRIPTS / "test_addons.py"]
    if addons:
        return [("addon tests and tours", [*test, "test", database, *addons])]
    found = [
        ("lint", [SCRIPTS / "lint"]),
        ("addon tests and tours", [*test, "test", database]),
        ("Odoo's own lint", [*test, "core", database]),
        (
            "translations",
            ["python", SCRIPTS / "translations.py", "check", database],
        ),
    ]
    journeys = HERE / "tests" / "run"
    if journeys.exists():
        found.append(("journeys", [journeys]))
    else:
        say("There is no tests/run: no journeys are tested.")
    return found


def run(name, command):
    """Run one stage with its output on the terminal; return (passed, failed)."""
    summary = None
    process = subprocess.Popen(
        [str(word) for word in command],
        cwd=HERE,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    for line in process.stdout:
        match = SUMMARY.match(line.rstrip())
        # Only the end of the whole run has such a line to itself.
        if match:
            summary = tuple(map(int, match.groups()))
        else:
            say(line.rstrip())
    code = process.wait()
    if summary is None:
        say(f"The stage {name} ended (exit code {code}) without saying what it tested.")
        return 0, 1
    passed, failed = summary
    if (code or not passed) and not failed:
        say(f"The stage {name} passed {passed} tests and ended with exit code {code}.")
        failed = 1
    return passed, failed


def main():
    """Run all stages, then show them in one table."""
    (RUN / "test").mkdir(parents=True, exist_ok=True)
    start, table = time.monotonic(), []
    for name, command in stages(f"{os.environ['DB']}_test"):
        say(f"\n== {name}")
        begun = time.monotonic()
        table.append((name, *run(name, command), time.monotonic() - begun))
    say("\n== summary")
    for name, passed, failed, seconds in table:
        mark = "FAIL" if failed else "ok  "
        say(f"{mark} {name:24}{passed:5} passed {failed:4} failed {seconds:6.0f} s")
    say(f"{time.monotonic() - start:.0f} s in all; logs are in {RUN / 'test'}")
    summarize(sum(row[1] for row in table), sum(row[2] for row in table))


if __name__ == "__main__":
    main()
