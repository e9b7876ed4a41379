"""Row hand-over: 100 residents' orders at one pickup point, handed over at once."""

import statistics
import time

import databases
import inside
from client import Browser
from server import serve

ORDERS = 100
ROUNDS = 3
WARM = 10


def measure(report):
    """Hand over orders through the server, as the desk does."""
    with databases.copy("ours", "handover") as ours:
        counts = [WARM, *[ORDERS] * ROUNDS, ORDERS]
        batches = inside.call(ours, "handovers:prepare", counts=counts)
        with serve(ours, cron=0) as server:
            operator = Browser(server.port)
            operator.sign_in(ours, "admin", "admin")
            hand_over(operator, batches.pop(0))
            seconds = [hand_over(operator, batches.pop(0)) for _ in range(ROUNDS)]
        wrong = inside.call(ours, "handovers:check")
        limit = inside.call(ours, "handovers:write_rows", batch=batches.pop(0))
    if wrong:
        raise SystemExit(wrong)
    ours_seconds = statistics.median(seconds)
    report.add(
        "hand-over",
        f"{ORDERS} orders of a point at once",
        "s",
        ours_seconds,
        goal="≤ 3",
    )
    report.add(
        "hand-over",
        "bare SQL, the same rows",
        "s",
        ours_seconds,
        limit,
        limit / ours_seconds,
    )
    report.note(
        f"hand-over: {ORDERS} orders of 2 lines in one request over HTTP: checked,"
        " locked, goods booked to the residents, orders received, each hand-over"
        " recorded."
    )


def hand_over(operator, batch):
    """:return: the seconds that it takes to hand over a batch

    :raise SystemExit: an order was not handed over
    """
    start = time.monotonic()
    results = operator.rpc(
        "/groupbuy/handover/do", point_id=batch["point"], codes=batch["orders"]
    )
    seconds = time.monotonic() - start
    wrong = [result for result in results if result["state"] != "done"]
    if wrong or len(results) != len(batch["orders"]):
        raise SystemExit(f"{len(wrong)} orders were refused, the first: {wrong[:1]}")
    return seconds
