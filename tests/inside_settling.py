"""What the faults of settling prepare in Odoo's shell, see `inside.py`."""

import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent / "bench"))
import orders as bench_orders

from odoo import fields
from odoo.fields import Command

MERCHANTS = 10
RULES = ("shares", "accrual", "expense", "settlements")


def prepare(env, orders, payees):
    """Let residents receive orders of two lines each, which are to be shared out; and
    owe something of last month to other payees, which is to be settled.

    :param int orders: a multiple of five
    """
    env.company.write(
        {"groupbuy_settlement_period": "month", "groupbuy_settlement_minimum": 0}
    )
    [campaign] = bench_orders.prepare(env, [orders], group=True)
    env["res.partner"].create({"name": "Leader", "ref": "JOURNEY-LEADER"})
    _sell_for_merchants(env)
    _owe(env, payees)
    env.flush_all()
    env.cr.execute(
        "UPDATE sale_order SET state = 'sale', groupbuy_split_due = TRUE,"
        " groupbuy_received_at = now() AT TIME ZONE 'UTC'"
        " WHERE groupbuy_campaign_id = %s",
        [campaign],
    )
    env.cr.commit()
    env.cr.execute("ANALYZE")
    env.cr.commit()


def _sell_for_merchants(env):
    merchants = env["res.partner"].create(
        [{"name": f"Merchant {number}"} for number in range(MERCHANTS)]
    )
    products = env["product.product"].search([("name", "like", "Benchmark product")])
    for number, product in enumerate(products):
        merchant = merchants[number % MERCHANTS]
        product.seller_ids = [Command.create({"partner_id": merchant.id})]


def _owe(env, payees):
    company = env.company
    last_month = company._get_groupbuy_date().replace(day=1) - timedelta(days=1)
    partners = env["res.partner"].create(
        [{"name": f"Payee {number}"} for number in range(payees)]
    )
    entry = {
        "kind": "adjustment",
        "sale_line_id": None,
        "order_id": None,
        "available_on": last_month,
        "earned_at": fields.Datetime.now(),
    }
    platform = {"payee_id": company.partner_id.id, "role": "platform"}
    entries = []
    for number, partner in enumerate(partners, 1):
        for amount in (Decimal(number), Decimal("0.01")):
            merchant = {"payee_id": partner.id, "role": "merchant"}
            entries.append({**entry, **merchant, "amount": amount})
            # It is the platform that gives it.
            entries.append({**entry, **platform, "amount": -amount})
    env["groupbuy.ledger.entry"]._append(company, entries)


def find_broken_rules(env):
    """:return: what the books say of shares and settlements that is not true"""
    results = env["groupbuy.money"].check_books()
    return [rule for rule in results if rule["name"] in RULES and not rule["ok"]]
