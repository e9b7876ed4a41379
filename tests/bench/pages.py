"""Rows page and progress: what visitors ask for most, without signing in."""

import itertools
import statistics

import client
from report import median_ratio

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


def measure_page(report, ours, stock):
    """Our campaign's page against stock's product page."""
    products = [page for _product, _template, page in stock.content["products"]]
    rates = compare(
        ours.server, visit([ours.content["page"]]), stock.server, visit(products)
    )
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
        f" {len(ours.content['offers'])} offers; each worker keeps such a page for 2 s."
    )


def measure_progress(report, ours, _stock):
    """What the campaign's page polls against the least that Odoo can answer."""
    progress = visit([f"/groupbuy/{ours.content['campaign']}/progress"])
    rates = compare(ours.server, progress, ours.server, visit(["/web/health"]))
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
