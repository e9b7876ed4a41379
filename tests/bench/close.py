"""Row close: every order delivered, invoiced and refunded after the campaign's end."""

import os
import statistics
import time

import databases
import inside
import psycopg2
from client import Browser
from report import median_ratio
from server import serve

FULL = bool(os.environ.get("BENCH_FULL"))
WARM = 50
# Orders of one measurement, and of the one that shows how time and memory grow; one
# round of a thousand says as much as several of two hundred.
SMALL, LARGE, ROUNDS = (1000, 10_000, 1) if FULL else (200, 2000, 2)
# Stock's time grows with the number of its batches, not with what they add up to.
STOCK = 200 if FULL else 100
# The batch that suits stock best: larger ones gain nothing, and hold locks for longer.
STOCK_CHUNK = 50


def measure(report):
    """Close campaigns with one and two jobs at once, and stock's orders in batch."""
    small = [WARM, *[SMALL] * ROUNDS]
    with (
        databases.copy("stock", "close") as stock,
        databases.copy("ours", "close") as ours,
    ):
        ids = inside.call(
            stock, "orders:prepare", counts=[WARM, *[STOCK] * ROUNDS], group=False
        )
        campaigns = inside.call(
            ours, "orders:prepare", counts=[*small, *small, LARGE], group=True
        )
        call_stock(stock, ids.pop(0))
        one, two, theirs = [], [], []
        with serve(ours, jobs=1, cron=0) as server:
            closing = Closing(server, ours)
            closing.close(campaigns.pop(0))
            for batch in ids:
                one.append(SMALL / closing.close(campaigns.pop(0)))
                theirs.append(STOCK / call_stock(stock, batch))
        with serve(ours, jobs=2, cron=0) as server:
            closing = Closing(server, ours)
            closing.close(campaigns.pop(0))
            times = [closing.close(campaigns.pop(0)) for _round in range(ROUNDS)]
            two = [SMALL / seconds for seconds in times]
            before = closing.memory
            large = closing.close(campaigns.pop(0))
            growth = closing.memory - before
        wrong = inside.call(ours, "closing:check_closed")
        limit = inside.call(ours, "closing:write_rows", count=SMALL)
    if wrong:
        raise SystemExit(wrong)
    per_thousand = [1000 / statistics.median(rates) for rates in (one, two, theirs)]
    ours_one, ours_two, stock_one = per_thousand
    add = report.add
    unit = "s per 1,000"
    ratio = median_ratio(one, theirs)
    add(
        "close",
        "1 job at a time, against batches",
        unit,
        ours_one,
        stock_one,
        ratio,
        "≥ 3×",
    )
    ratio = statistics.median(two) / statistics.median(one)
    add(
        "close",
        "2 jobs at a time, against 1",
        unit,
        ours_two,
        ours_one,
        ratio,
        "≥ 1.6×",
    )
    add(
        "close",
        f"{LARGE:,} orders, 2 jobs",
        "s",
        large,
        stock_one * LARGE / 1000,
        stock_one * LARGE / 1000 / large,
    )
    times_longer = large / statistics.median(times)
    add(
        "close",
        f"{LARGE:,} orders against {SMALL:,}",
        "× time",
        times_longer,
        goal="≤ 12",
    )
    add("close", f"memory growth over {LARGE:,} orders", "MB", growth, goal="≤ 200")
    add("close", "bare SQL, inserts only", unit, ours_one, limit, limit / ours_one)
    report.note(
        f"close: orders of 2 lines, measured on {SMALL:,} of ours and {STOCK:,} of"
        f" stock's at a time in batches of {STOCK_CHUNK}; stock's {LARGE:,} are"
        f" extrapolated from them. Mails are sent later on both sides."
        + ("" if FULL else " BENCH_FULL=1 closes 1,000 and 10,000.")
    )


def call_stock(database, ids):
    """:return: the seconds that stock needs for these orders

    :raise SystemExit: the orders' money does not add up afterwards
    """
    seconds = inside.call(
        database, "closing:close_stock", order_ids=ids, chunk=STOCK_CHUNK
    )
    wrong = inside.call(database, "closing:check_money", order_ids=ids)
    if wrong:
        raise SystemExit(f"Stock: {wrong}")
    return seconds


class Closing:
    """Closes campaigns through a server, as an operator's button does."""

    def __init__(self, server, database):
        self.server = server
        self.operator = Browser(server.port)
        self.operator.sign_in(database, "admin", "admin")
        self.connection = psycopg2.connect(dbname=database)
        self.connection.autocommit = True
        self.memory = 0

    def close(self, campaign):
        """Close a campaign and wait until nothing is left to do.

        ``memory`` is afterwards the most that a process held meanwhile, in MB.

        :return: seconds
        :raise SystemExit: a job failed
        """
        start = time.monotonic()
        self.memory = 0
        self.operator.rpc(
            "/web/dataset/call_kw/groupbuy.campaign/action_close",
            model="groupbuy.campaign",
            method="action_close",
            args=[[campaign]],
            kwargs={},
        )
        while not self._is_done(campaign):
            self.memory = max(self.memory, self.server.get_memory())
            time.sleep(0.2)
        return time.monotonic() - start

    def _is_done(self, campaign):
        cursor = self.connection.cursor()
        cursor.execute(
            "SELECT (SELECT state FROM groupbuy_campaign WHERE id = %s),"
            " COUNT(*) FILTER (WHERE state NOT IN ('done', 'cancelled', 'failed')),"
            " COUNT(*) FILTER (WHERE state = 'failed') FROM queue_job",
            [campaign],
        )
        state, open_jobs, failed = cursor.fetchone()
        if failed:
            raise SystemExit(f"{failed} jobs of the closing failed.")
        return state == "succeeded" and not open_jobs
