"""Run the journeys and fault tests, each on a server and a database of their own.

A name picks the files that contain it: "oversell" runs journeys/test_oversell.py.
"""

import argparse
import sys
import time
import unittest
from pathlib import Path

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "scripts")]

import support  # noqa: E402
from project import say, summarize  # noqa: E402


class Result(unittest.TestResult):
    """Says what is tested, how it ended and how long it took."""

    passed = 0

    def startTest(self, test):
        super().startTest(test)
        self.begun = time.monotonic()
        words = test._testMethodName.removeprefix("test_").replace("_", " ")
        say(f"{type(test).__module__}: {words} …")

    def addSuccess(self, test):
        self.passed += 1
        say(f"  ok, {time.monotonic() - self.begun:.0f} s")

    def _addError(self, test, error):
        say("".join(self._exc_info_to_string(error, test)))
        say(f"  FAILED, {time.monotonic() - self.begun:.0f} s")

    def addFailure(self, test, error):
        super().addFailure(test, error)
        self._addError(test, error)

    def addError(self, test, error):
        super().addError(test, error)
        # A set-up that fails has no test that started.
        self.begun = getattr(self, "begun", time.monotonic())
        self._addError(test, error)

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            self._addError(subtest, error)


def main():
    """Run what is named, everything without a name, and report in one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--full", action="store_true", help="the long variants")
    parser.add_argument("--keep", action="store_true", help="keep databases and logs")
    parser.add_argument("--template", help="copy this database, do not install")
    options = parser.parse_args()
    support.options = options
    suite = unittest.TestSuite()
    for path in sorted(TESTS.glob("*/test_*.py")):
        if not options.names or any(name in path.stem for name in options.names):
            sys.path.insert(0, str(path.parent))
            suite.addTests(unittest.defaultTestLoader.loadTestsFromName(path.stem))
    result = Result()
    errors = []
    try:
        suite.run(result)
        errors = support.log_errors()
    finally:
        support.close()
    for error in errors[:10]:
        say(f"In the server's log: {error}")
    failed = len(result.failures) + len(result.errors) + len(errors)
    summarize(result.passed, failed)


if __name__ == "__main__":
    main()
