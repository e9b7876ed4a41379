"""Row sheets: the sorting sheets of a great day as one Excel workbook, over HTTP."""

import io
import statistics
import threading
import time

import databases
import inside
import openpyxl
import psycopg2
from client import Browser
from server import serve

ORDERS, POINTS = 10_000, 200
LINES = 2
PIECES = 2
ROUNDS = 3
# What is on the sheet, as PostgreSQL alone writes it to a file.
QUERY = """
    COPY (
    SELECT point.name ->> 'en_US', o.name, partner.name, product.default_code,
           template.name ->> 'en_US', move.product_qty
      FROM stock_move AS move
      JOIN stock_picking AS picking ON picking.id = move.picking_id
      JOIN groupbuy_pickup_point AS point ON point.id = picking.pickup_point_id
      JOIN sale_order_line AS line ON line.id = move.sale_line_id
      JOIN sale_order AS o ON o.id = line.order_id
      JOIN res_partner AS partner ON partner.id = picking.partner_id
      JOIN product_product AS product ON product.id = move.product_id
      JOIN product_template AS template ON template.id = product.product_tmpl_id
     WHERE picking.groupbuy_kind = 'handover'
  ORDER BY point.id, o.id, move.id) TO STDOUT CSV
"""


def measure(report):
    """Download the sorting sheet of all transfers of a day."""
    with databases.copy("ours", "sheets") as database:
        transfers = inside.call(
            database, "deliveries:prepare", points=POINTS, orders=ORDERS
        )
        with serve(database, cron=0) as server:
            operator = Browser(server.port)
            operator.sign_in(database, "admin", "admin")
            download(operator, transfers[:1])
            times, before = [], server.get_memory()
            with Peak(server) as peak:
                for _round in range(ROUNDS):
                    start = time.monotonic()
                    content = download(operator, transfers)
                    times.append(time.monotonic() - start)
        limit = write_rows(database)
    check(content)
    seconds = statistics.median(times)
    what = f"Excel, {ORDERS:,} orders, {POINTS} points"
    report.add("sheets", what, "s", seconds, goal="≤ 30")
    report.add("sheets", "memory of the worker", "MB", peak.memory, goal="≤ 500")
    report.add("sheets", "bare SQL to CSV", "s", seconds, limit, limit / seconds)
    report.note(
        f"sheets: {ORDERS * LINES:,} rows, opened and counted; the worker held"
        f" {before:.0f} MB before."
    )


def download(operator, transfers):
    """:return: the workbook of these transfers"""
    call = "/web/dataset/call_kw/groupbuy.sheet.print"
    sheet = operator.rpc(
        f"{call}/create",
        model="groupbuy.sheet.print",
        method="create",
        args=[
            [
                {
                    "kind": "sort",
                    "file_format": "xlsx",
                    "picking_ids": [[6, 0, transfers]],
                }
            ]
        ],
        kwargs={},
    )
    action = operator.rpc(
        f"{call}/action_print",
        model="groupbuy.sheet.print",
        method="action_print",
        args=[sheet],
        kwargs={},
    )
    return operator.get(action["url"]).body


def check(content):
    """Open the workbook and count.

    :raise SystemExit: something is missing on it
    """
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    points, orders, rows, pieces = set(), set(), 0, 0
    for worksheet in workbook:
        head = None
        for cells in worksheet.iter_rows(values_only=True):
            if head is None:
                head = cells if "Order" in cells else None
                continue
            row = dict(zip(head, cells, strict=True))
            if row["Order"]:
                points.add((worksheet.title, row["Stop"]))
                orders.add(row["Order"])
                rows += 1
                pieces += row["Quantity"]
    counted = (len(points), len(orders), rows, pieces)
    wanted = (POINTS, ORDERS, ORDERS * LINES, ORDERS * LINES * PIECES)
    if counted != wanted:
        raise SystemExit(f"The workbook has {counted}, not {wanted}.")


def write_rows(database):
    """:return: the seconds that PostgreSQL needs for the same rows as text"""
    with psycopg2.connect(dbname=database) as connection:
        start = time.monotonic()
        connection.cursor().copy_expert(QUERY, io.StringIO())
        return time.monotonic() - start


class Peak:
    """The most that a process of the server holds meanwhile, in MB."""

    def __init__(self, server):
        self.server = server
        self.memory = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.done.wait(0.05):
            self.memory = max(self.memory, self.server.get_memory())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        self.thread.join()
