"""make bench: the benchmark table of the project, stock Odoo beside it in the same run.

Absolute numbers depend on the machine and on what else it does; both sides use the same
database server in turn, and the ratio is the median of the rounds' ratios.
"""

import os
import sys
import time

import close
import databases
import handover
import join
import pages
import settle
import sheets
from project import RUN, say
from report import Report
from shops import open_shops

# Rows that visit both shops over HTTP, and rows that need databases of their own.
VISITS = {
    "join": join.measure,
    "page": pages.measure_page,
    "progress": pages.measure_progress,
}
OTHERS = {
    "close": close.measure,
    "hand-over": handover.measure,
    "settle": settle.measure,
    "sheets": sheets.measure,
}
ROWS = [*VISITS, *OTHERS]


def choose():
    """Return the rows that BENCH asks for; all without it.

    :raise SystemExit: there is no such row
    """
    names = [name.strip() for name in os.environ.get("BENCH", "").split(",")]
    names = [name for name in names if name] or ROWS
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise SystemExit(
            f"There is no benchmark {', '.join(unknown)}; there are {', '.join(ROWS)}."
        )
    return names


class Run:
    """Measures one row after the other; a row that fails does not stop the others."""

    def __init__(self):
        self.report = Report()
        self.failed = []

    def measure(self, names, rows, *shops):
        """Measure those of ``rows`` that were asked for."""
        for name in (name for name in rows if name in names):
            start = time.monotonic()
            say(f"Row {name} …")
            try:
                rows[name](self.report, *shops)
            except SystemExit as error:
                say(f"Row {name} failed: {error}")
                self.failed.append(name)
            say(f"  done in {time.monotonic() - start:.0f} s")


def main():
    """Measure the chosen rows, print the table and write it as JSON."""
    names = choose()
    run = Run()
    databases.create_bases()
    try:
        if not VISITS.keys().isdisjoint(names):
            with open_shops() as shops:
                run.measure(names, VISITS, *shops)
        run.measure(names, OTHERS)
    finally:
        databases.drop_bases()
    run.report.write(RUN / "bench.json")
    say(f"\n{run.report}\n\nWritten to {RUN / 'bench.json'}.")
    sys.exit(1 if run.failed else 0)


if __name__ == "__main__":
    main()
