"""make bench: the benchmark table of the project, stock Odoo beside it in the same run.

Absolute numbers depend on the machine and on what else it does; both sides use the same
database server in turn, and the ratio is the median of the rounds' ratios.
"""

import os
import sys
import time

import close
import databases
import join
import pages
from project import RUN, say
from report import Report

ROWS = {
    "join": join.measure,
    "page": pages.measure_page,
    "progress": pages.measure_progress,
    "close": close.measure,
}


def choose():
    """Return the rows that BENCH asks for; all without it.

    :raise SystemExit: there is no such row
    """
    names = [name.strip() for name in os.environ.get("BENCH", "").split(",")]
    names = [name for name in names if name] or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        raise SystemExit(
            f"There is no benchmark {', '.join(unknown)}; there are {', '.join(ROWS)}."
        )
    return names


def main():
    """Measure the chosen rows, print the table and write it as JSON."""
    names = choose()
    report = Report()
    failed = []
    databases.create_bases()
    try:
        for name in names:
            start = time.monotonic()
            say(f"Row {name} …")
            try:
                ROWS[name](report)
            except SystemExit as error:
                say(f"Row {name} failed: {error}")
                failed.append(name)
            say(f"  done in {time.monotonic() - start:.0f} s")
    finally:
        databases.drop_bases()
    report.write(RUN / "bench.json")
    say(f"\n{report}\n\nWritten to {RUN / 'bench.json'}.")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
