"""Runs in Odoo's shell: the same lines as invoices, settled by commission_oca."""

import time
from datetime import timedelta

from copies import Copier
from orders import named

from odoo import fields
from odoo.fields import Command

ORIGINALS = 5
LINES = 2
LEADERS, MERCHANTS = 50, 20
CHUNK = 500


def prepare(env, counts):
    """Write posted invoices of two lines, each to a customer with two agents.

    :param counts: lines of each batch
    :return: the ids of each batch's invoices
    """
    commissions = env["commission"].create(
        [
            {"name": "Leader", "fix_qty": 10.0, "invoice_state": "open"},
            {"name": "Merchant", "fix_qty": 85.0, "invoice_state": "open"},
        ]
    )
    agents = env["res.partner"]
    for commission, count in zip(commissions, (LEADERS, MERCHANTS), strict=True):
        agents |= env["res.partner"].create(
            [
                {
                    "name": f"{commission.name} {number}",
                    "agent": True,
                    "commission_id": commission.id,
                }
                for number in range(count)
            ]
        )
    products = env["product.product"].create(
        [
            {"name": f"Goods {number}", "type": "consu", "list_price": 10.0 + number}
            for number in range(LINES)
        ]
    )
    batches = [create_invoices(env, products, count // LINES) for count in counts]
    add_agents(env, agents)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    return batches


def create_invoices(env, products, count):
    """:return: the ids of `count` posted invoices, all but a few of them copies"""
    partners = env["res.partner"].create(
        [{"name": f"Customer {n}", "ref": "customer"} for n in range(ORIGINALS)]
    )
    invoices = env["account.move"].create(
        [
            {
                "move_type": "out_invoice",
                "partner_id": partner.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    Command.create({"product_id": product.id, "quantity": 2})
                    for product in products
                ],
            }
            for partner in partners
        ]
    )
    invoices.action_post()
    env.flush_all()
    copier = Copier(env.cr, count // ORIGINALS - 1)
    rows = {
        "res_partner": partners.ids,
        "account_move": invoices.ids,
        "account_move_line": invoices.line_ids.ids,
    }
    for table, ids in rows.items():
        copier.plan(table, ids)
    changes = {"account_move": {"name": named("name")}}
    for table in rows:
        copier.copy(table, **changes.get(table, {}))
    copier.finish()
    copier.copy_links(
        "account_move_line_account_tax_rel",
        "account_move_line_id",
        "account_move_line",
    )
    env.invalidate_all()
    ids, base = copier.copied["account_move"]
    return [*ids, *range(base, base + len(ids) * (count // ORIGINALS - 1))]


def add_agents(env, agents):
    """Give each customer one agent of either kind."""
    env.flush_all()
    env.cr.execute(
        "INSERT INTO partner_agent_rel (partner_id, agent_id)"
        " SELECT p.id, unnest(ARRAY[(%s)[1 + p.id %% %s], (%s)[1 + p.id %% %s]])"
        " FROM res_partner AS p WHERE p.ref = 'customer'",
        [agents.ids[:LEADERS], LEADERS, agents.ids[LEADERS:], MERCHANTS],
    )
    env.invalidate_all()


def settle(env, batches):
    """Settle one batch of invoices after the other in one process.

    :return: the seconds of the last one
    :raise ValueError: something is missing afterwards
    """
    return [settle_batch(env, invoice_ids) for invoice_ids in batches][-1]


def settle_batch(env, invoice_ids):
    """Work out the commissions of these invoices, settle and bill them."""
    journal = env["account.journal"].search([("type", "=", "purchase")], limit=1)
    product = env["product.product"].create({"name": "Commission", "type": "service"})
    env.cr.commit()
    start = time.monotonic()
    for first in range(0, len(invoice_ids), CHUNK):
        invoices = env["account.move"].browse(invoice_ids[first : first + CHUNK])
        invoices.recompute_lines_agents()
        env.cr.commit()
        env.invalidate_all()
    action = (
        env["commission.make.settle"]
        .create(
            {
                "settlement_type": "sale_invoice",
                "date_to": fields.Date.today() + timedelta(days=40),
            }
        )
        .action_settle()
    )
    settlements = env["commission.settlement"].search(action["domain"])
    bills = settlements.make_invoices(journal, product, date=fields.Date.today())
    bills.action_post()
    env.cr.commit()
    seconds = time.monotonic() - start
    lines = env["commission.settlement.line"].search_count(
        [("settlement_id", "in", settlements.ids)]
    )
    if lines != len(invoice_ids) * LINES * 2 or set(bills.mapped("state")) != {
        "posted"
    }:
        raise ValueError(f"{lines} lines in {len(bills)} bills")
    return seconds
