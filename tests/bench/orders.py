"""Runs in Odoo's shell: paid orders of two lines, as many as a benchmark needs."""

import uuid

from copies import Copier
from shop import configure, create_campaign, create_products, create_residents

from odoo.fields import Command
from odoo.tools import SQL

# Real orders, each of two other products; the rest are copies of them.
ORIGINALS = 5
LINES = 2


def create_orders(env, product_ids, resident_id, counts, group):
    """Write paid orders that wait, in batches.

    :param counts: how many orders each batch has, a multiple of `ORIGINALS`
    :param group: whether they are joins of a campaign each, or stock's quotations
    :return: for each batch the campaign's id, or the ids of its orders
    """
    products = env["product.product"].browse(product_ids)
    resident = env["res.users"].browse(resident_id)
    batches = []
    for count in counts:
        if group:
            campaign = create_campaign(env, products, quota=0)
            orders = join_really(env, campaign, resident)
        else:
            orders = order_really(env, products, resident.partner_id)
        new_ids = copy_orders(env, orders, count // ORIGINALS - 1)
        batches.append(campaign.id if group else sorted([*orders.ids, *new_ids]))
        env.cr.commit()
    env.cr.execute("ANALYZE")
    return batches


def join_really(env, campaign, resident):
    """:return: joins of one resident, paid and booked as the product itself does"""
    env.cr.commit()  # holds are taken by transactions of their own
    offers = campaign.offer_ids
    orders = env["sale.order"]
    for number in range(ORIGINALS):
        chosen = offers[number * LINES : (number + 1) * LINES]
        answer = campaign.with_user(resident).join(
            [{"offer_id": offer.id, "quantity": 2} for offer in chosen],
            campaign.pickup_point_ids[number].id,
            uuid.uuid4().hex,
        )
        orders |= orders.browse(answer["order_id"])
        env.cr.commit()
    transactions = pay(env, orders)
    transactions._post_process()
    env.cr.commit()
    transactions._groupbuy_book()
    return orders


def order_really(env, products, partner):
    """:return: stock's sale orders, paid by a transaction that is booked"""
    orders = env["sale.order"].create(
        [
            {
                "partner_id": partner.id,
                "state": "sent",
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 2})
                    for product in products[number * LINES : (number + 1) * LINES]
                ],
            }
            for number in range(ORIGINALS)
        ]
    )
    transactions = pay(env, orders)
    for tx in transactions:
        tx._create_payment()
    transactions.is_post_processed = True
    return orders


def pay(env, orders):
    """:return: done transactions over the orders' amounts, one each"""
    provider = env["payment.provider"].search([("code", "=", "demo")], limit=1)
    transactions = env["payment.transaction"]
    for order in orders:
        transactions |= env["payment.transaction"].create(
            {
                "provider_id": provider.id,
                "payment_method_id": provider.payment_method_ids[:1].id,
                "reference": env["payment.transaction"]._compute_reference(
                    "demo", sale_order_ids=[Command.set(order.ids)]
                ),
                "amount": order.amount_total,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "operation": "online_direct",
                "sale_order_ids": [Command.set(order.ids)],
            }
        )
    for tx in transactions:
        tx._process("demo", {"reference": tx.reference, "simulated_state": "done"})
    return transactions


def copy_orders(env, orders, count):
    """Copy orders with all that belongs to them, each copy for another resident.

    :return: the ids of the new orders
    """
    if count < 1:
        return []
    env.flush_all()
    cr = env.cr
    transactions = orders.transaction_ids
    payments = transactions.payment_id
    moves = payments.move_id
    rows = {
        "res_partner": orders.partner_id.ids,
        "sale_order": orders.ids,
        "sale_order_line": orders.order_line.ids,
        "payment_transaction": transactions.ids,
        "account_payment": payments.ids,
        "account_move": moves.ids,
        "account_move_line": moves.line_ids.ids,
        "mail_message": env["mail.message"]
        .search([("model", "=", "sale.order"), ("res_id", "in", orders.ids)])
        .ids,
        "mail_followers": env["mail.followers"]
        .sudo()
        .search([("res_model", "=", "sale.order"), ("res_id", "in", orders.ids)])
        .ids,
    }
    grouped = "groupbuy_campaign_id" in orders._fields
    if grouped:
        rows["groupbuy_hold"] = (
            env["groupbuy.hold"].search([("key", "in", orders.mapped("groupbuy_key"))])
        ).ids
    copier = Copier(cr, count)
    for table, ids in rows.items():
        if ids:
            copier.plan(table, ids)
    changes = {
        "sale_order": {"name": named("name"), "access_token": SQL("gen_random_uuid()")},
        "payment_transaction": {"reference": named("reference")},
        "account_payment": {"name": named("name")},
        "account_move": number_moves(env, moves, copier),
    }
    if grouped:
        changes["sale_order"]["groupbuy_key"] = named("groupbuy_key")
        changes["groupbuy_hold"] = {"key": named("key")}
    for table in ("mail_message", "mail_followers"):
        changes[table] = {"res_id": copier.key("sale_order", "res_id")}
    changes["mail_message"]["message_id"] = named("message_id")
    for table in copier.copied:
        copier.copy(table, **changes.get(table, {}))
    copier.finish()
    for table, column, target in (
        ("account_tax_sale_order_line_rel", "sale_order_line_id", "sale_order_line"),
        ("sale_order_transaction_rel", "sale_order_id", "sale_order"),
    ):
        copier.copy_links(table, column, target)
    env.invalidate_all()
    ids, base = copier.copied["sale_order"]
    return list(range(base, base + len(ids) * count))


def named(column):
    """:return: SQL for a text that differs from copy to copy"""
    return SQL("t.%s || '-' || n", SQL.identifier(column))


def number_moves(env, moves, copier):
    """:return: the changes that give copied journal entries the next numbers"""
    number = SQL(
        "(%s + %s)",
        max(moves.mapped("sequence_number")),
        copier.position("account_move"),
    )
    width = len(moves[0].name) - len(moves[0].sequence_prefix)
    return {
        "sequence_number": number,
        "name": SQL("t.sequence_prefix || lpad(%s::text, %s, '0')", number, width),
    }


def prepare(env, counts, group):
    """Prepare a database for the closing.

    :return: what `create_orders` returns
    """
    configure(env)
    products = create_products(env)
    resident = create_residents(env, 1)
    env.cr.commit()
    return create_orders(env, products.ids, resident.id, counts, group)
