"""Rows page and progress: what visitors ask for most, without signing in."""

import itertools
import statistics

import client
import databases
import inside
from report import median_ratio
from server import serve

CLIENTS = 8
ROUNDS = 3
SECONDS = 5


def visit(paths):
    """:return: a journey of one request, each visitor asking for the next page"""
    turn = itertools.cycle(paths)
    return lambda browser: browser.get(next(turn))


def rate(server, journey, seconds=SECONDS):
    """:return: requests per second of several visitors at once

    :raise SystemExit: a request failed
    """
    done, elapsed, errors = client.run(server.browsers(CLIENTS), journey, seconds)
    if errors:
        raise SystemExit(f"{len(errors)} requests failed, the first: {errors[0]}")
    return done / elapsed


def measure_page(report):
    """Our campaign's page against stock's product page."""
    with (
        databases.copy("stock", "page") as stock,
        databases.copy("ours", "page") as ours,
    ):
        theirs = inside.call(stock, "shop:create_shop", residents=1)
        mine = inside.call(ours, "shop:create_group_shop", residents=1, quota=0)
        with serve(stock) as stock_server, serve(ours) as our_server:
            product = visit([page for _product, _template, page in theirs["products"]])
            campaign = visit([mine["page"]])
            rates = compare(our_server, campaign, stock_server, product)
    report.add(
        "page",
        f"campaign page, {CLIENTS} clients, against product page",
        "requests/s",
        *map(statistics.median, rates),
        median_ratio(*rates),
        "≥ 5×",
    )
    report.note(
        "page: visitors who have not signed in, a campaign of"
        f" {len(mine['offers'])} offers; each worker keeps such a page for 2 s."
    )


def measure_progress(report):
    """What the campaign's page polls against the least that Odoo can answer."""
    with databases.copy("ours", "progress") as name:
        shop = inside.call(name, "shop:create_group_shop", residents=1, quota=0)
        with serve(name) as server:
            progress = visit([f"/groupbuy/{shop['campaign']}/progress"])
            health = visit(["/web/health"])
            rates = compare(server, progress, server, health)
    report.add(
        "progress",
        f"progress, {CLIENTS} clients, against /web/health",
        "requests/s",
        *map(statistics.median, rates),
        median_ratio(*rates),
        "≥ 0.8×",
    )


def compare(our_server, ours, stock_server, stock):
    """:return: the rates of the rounds, ours and stock's, measured in turn"""
    rates = ([], [])
    rate(our_server, ours, 2)
    rate(stock_server, stock, 2)
    for _round in range(ROUNDS):
        rates[0].append(rate(our_server, ours))
        rates[1].append(rate(stock_server, stock))
    return rates
