"""Row settle: what leaders and merchants get of many order lines, down to their bills.

The other side is OCA's commission_oca with account_commission_oca. They are AGPL, so
they are installed for this measurement only, into a folder of their own.
"""

import os
import statistics
import subprocess
import sys
from contextlib import contextmanager

import databases
import inside
from databases import say, test_addons
from report import median_ratio

FULL = bool(os.environ.get("BENCH_FULL"))
LINES = 10_000
LARGE = 100_000 if FULL else 20_000
ROUNDS = 2 if FULL else 1
WARM = 100
PINS = (
    "odoo-addon-commission-oca==19.0.2.0.0.10",
    "odoo-addon-account-commission-oca==19.0.1.0.1.4",
)
FOLDER = inside.HERE / ".cache" / "bench" / "commission_oca"


def measure(report):
    """Share out and settle the same number of lines on both sides, in turn."""
    fetch()
    ours, theirs = [], []
    with (
        databases.copy("stock", "settle") as stock,
        databases.copy("ours", "settle") as own,
    ):
        say("Installing groupbuy_payment and commission_oca …")
        test_addons.odoo(own, "groupbuy_payment", "bench-settle-ours.log")
        # Each process warms up with a small batch of its own.
        rounds = [WARM, LINES] * ROUNDS
        batches = inside.call(own, "settling:prepare", counts=[*rounds, WARM, LARGE])
        with on_path(FOLDER):
            test_addons.odoo(stock, "account_commission_oca", "bench-settle-oca.log")
            invoices = inside.call(stock, "settling_oca:prepare", counts=rounds)
        for first in range(0, 2 * ROUNDS, 2):
            chosen = slice(first, first + 2)
            answer = inside.call(own, "settling:settle", batches=batches[chosen])
            ours.append(LINES / answer["seconds"])
            with on_path(FOLDER):
                seconds = inside.call(
                    stock, "settling_oca:settle", batches=invoices[chosen]
                )
            theirs.append(LINES / seconds)
        large = inside.call(own, "settling:settle", batches=batches[-2:])
        limit = inside.call(own, "settling:write_rows", lines=LINES)
    times = [LINES / statistics.median(rates) for rates in (ours, theirs)]
    add = report.add
    ratio = median_ratio(ours, theirs)
    metric = f"{LINES:,} lines, against commission_oca"
    add("settle", metric, "s", *times, ratio, "≥ 20×")
    add(
        "settle",
        f"{LARGE:,} lines",
        "s",
        large["seconds"],
        times[1] * LARGE / LINES,
        times[1] * LARGE / LINES / large["seconds"],
    )
    add("settle", f"memory growth over {LARGE:,} lines", "MB", large["memory"])
    add("settle", "bare SQL, the same shares", "s", times[0], limit, limit / times[0])
    report.note(
        "settle: from order lines to posted bills of 50 leaders and 20 merchants; ours"
        " also writes the platform's fee and the accrual of each share. Theirs starts"
        " from posted invoice lines with two agents each; the large number is"
        " extrapolated."
        + ("" if FULL else " BENCH_FULL=1 settles them twice, and 100,000.")
    )


def fetch():
    """Install the other side's addons into their folder, unless they are there.

    :raise SystemExit: they cannot be had
    """
    mark = FOLDER / "pins.txt"
    pins = "\n".join(PINS)
    if mark.exists() and mark.read_text() == pins:
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    command += ["--upgrade", "--target", FOLDER, *PINS]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit("commission_oca cannot be installed.")
    mark.write_text(pins)


@contextmanager
def on_path(folder):
    """Let Odoo find the addons in a folder meanwhile."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = f"{folder}:{before}" if before else str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
