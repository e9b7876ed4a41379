"""Runs in Odoo's shell: closes paid orders the way stock Odoo offers it, in batch."""

import time
from collections import defaultdict

from copies import Copier
from orders import ORIGINALS, named

# What a piece costs less in the end.
DROP = 3.0


def close_stock(env, order_ids, chunk):
    """Lower prices, confirm, invoice, post, reconcile, refund: a chunk at a time.

    :return: the seconds that it took
    """
    start = time.monotonic()
    for first in range(0, len(order_ids), chunk):
        orders = env["sale.order"].browse(order_ids[first : first + chunk])
        close_chunk(env, orders)
        env.cr.commit()
        env.invalidate_all()
    return time.monotonic() - start


def close_chunk(env, orders):
    """Do everything for these orders that the closing of a campaign does."""
    by_price = defaultdict(env["sale.order.line"].browse)
    for line in orders.order_line:
        by_price[line.price_unit - DROP] |= line
    for price, lines in by_price.items():
        lines.price_unit = price
    orders.action_confirm()
    invoices = orders._create_invoices(grouped=True, final=True)
    invoices.action_post()
    refunds = env["payment.transaction"]
    for order in orders:
        for tx in order.transaction_ids:
            refunds |= tx._refund(tx.amount - order.amount_total)
    refunds._post_process()
    plan = []
    for refund in refunds:
        payments = (refund | refund.source_transaction_id).payment_id
        plan.append(
            payments.move_id.line_ids.filtered(
                lambda line: (
                    line.account_id.account_type == "asset_receivable"
                    and not line.reconciled
                )
            )
        )
    env["account.move.line"]._reconcile_plan(plan)


def check_money(env, order_ids):
    """:return: in words, what is wrong with the money of these orders, or nothing"""
    env.cr.execute(
        """
        WITH money AS (
        SELECT o.id, o.state, o.amount_total AS total,
               (SELECT COALESCE(SUM(t.amount), 0) FROM payment_transaction AS t
                 WHERE t.state = 'done' AND t.payment_id IS NOT NULL
                   AND (t.id IN (SELECT transaction_id FROM sale_order_transaction_rel
                                  WHERE sale_order_id = o.id)
                     OR t.source_transaction_id IN
                        (SELECT transaction_id FROM sale_order_transaction_rel
                          WHERE sale_order_id = o.id))) AS kept,
               (SELECT COALESCE(SUM(m.amount_total), 0)
                  FROM account_move AS m WHERE m.state = 'posted' AND m.id IN
                       (SELECT l.move_id FROM account_move_line AS l
                          JOIN sale_order_line_invoice_rel AS r
                            ON r.invoice_line_id = l.id
                          JOIN sale_order_line AS s ON s.id = r.order_line_id
                         WHERE s.order_id = o.id)) AS invoiced,
               (SELECT COUNT(*) FROM stock_picking AS p WHERE p.sale_id = o.id)
                   AS pickings
          FROM sale_order AS o
         WHERE o.id IN %s)
        SELECT COUNT(*), MIN(id) FROM money
         WHERE state <> 'sale' OR total <> kept OR total <> invoiced OR pickings = 0
        """,
        [tuple(order_ids)],
    )
    wrong, first = env.cr.fetchone()
    env.cr.execute(
        """
        WITH paid AS (
        SELECT t.payment_id FROM payment_transaction AS t
          JOIN sale_order_transaction_rel AS r
            ON r.transaction_id IN (t.id, t.source_transaction_id)
         WHERE r.sale_order_id IN %s
        )
        SELECT COUNT(*) FROM account_move_line AS l
          JOIN account_account AS a ON a.id = l.account_id
          JOIN account_payment AS p ON p.move_id = l.move_id
         WHERE a.account_type = 'asset_receivable' AND NOT l.reconciled
           AND p.id IN (SELECT payment_id FROM paid)
        """,
        [tuple(order_ids)],
    )
    (open_items,) = env.cr.fetchone()
    words = []
    if wrong:
        words.append(f"{wrong} orders are not settled, the first is {first}")
    if open_items:
        words.append(f"{open_items} receivables are open")
    return "; ".join(words)


def check_closed(env):
    """:return: in words, what is wrong with closed campaigns' orders, or nothing"""
    orders = env["sale.order"].search([("groupbuy_campaign_id", "!=", False)])
    return check_money(env, orders.ids)


def write_rows(env, count):
    """Write what the closing inserts for an order, for many orders, by bare SQL.

    :return: seconds per 1,000 orders
    """
    orders = env["sale.order"].search([("state", "=", "sale")], limit=ORIGINALS)
    refunds = orders.transaction_ids.child_transaction_ids
    moves = orders.invoice_ids | refunds.payment_id.move_id
    partials = moves.line_ids.matched_debit_ids | moves.line_ids.matched_credit_ids
    pickings = orders.picking_ids
    rows = {
        "account_full_reconcile": moves.line_ids.full_reconcile_id.ids,
        "payment_transaction": refunds.ids,
        "account_payment": refunds.payment_id.ids,
        "account_move": moves.ids,
        "account_move_line": moves.line_ids.ids,
        "account_partial_reconcile": partials.ids,
        "stock_picking": pickings.ids,
        "stock_move": pickings.move_ids.ids,
    }
    copier = Copier(env.cr, count // ORIGINALS)
    for table, ids in rows.items():
        copier.plan(table, ids)
    changes = {
        "payment_transaction": {"reference": named("reference")},
        "account_payment": {"name": named("name")},
        "account_move": {"name": named("name")},
        "stock_picking": {"name": named("name")},
    }
    start = time.monotonic()
    for table in rows:
        copier.copy(table, **changes.get(table, {}))
    copier.finish()
    for table, column, target in (
        ("sale_order_line_invoice_rel", "invoice_line_id", "account_move_line"),
        ("account_invoice_transaction_rel", "invoice_id", "account_move"),
        (
            "account_move_line_account_tax_rel",
            "account_move_line_id",
            "account_move_line",
        ),
    ):
        copier.copy_links(table, column, target)
    env.cr.commit()
    return (time.monotonic() - start) * 1000 / count
