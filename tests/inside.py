"""What journeys prepare in Odoo's shell, before or without a server."""

from datetime import timedelta

from odoo import fields, http
from odoo.fields import Command
from odoo.service import security


def set_up(env):
    """Consumer prices with tax, a bank that answers at once, and no mail server."""
    company = env.company
    if not company.chart_template:
        env["account.chart.template"].try_loading(
            "cn", company=company, install_demo=False
        )
    company.account_price_include = "tax_included"
    provider = env.ref("payment.payment_provider_demo")
    provider.write({"state": "test", "is_published": True})
    env["groupbuy.pickup.point"].create(
        {"name": "East Gate", "street": "1 Spring Road", "city": "Jinan"}
    )
    env["product.product"].create(
        [
            {
                "name": name,
                "default_code": f"JOURNEY-{name}",
                "list_price": price,
                "type": "consu",
                "is_storable": True,
                "website_published": True,
            }
            for name, price in (("Leeks", 10), ("Ginger", 20))
        ]
    )
    env.cr.commit()


def _session(env, user):
    """Sign a user in without a password: hashing 300 of them is not what is tested."""
    store = http.root.session_store
    session = store.new()
    session.update(http.get_default_session())
    session.update(
        {
            "db": env.cr.dbname,
            "uid": user.id,
            "login": user.login,
            "context": {"lang": "en_US", "tz": "Asia/Shanghai", "uid": user.id},
        }
    )
    session.session_token = security.compute_session_token(session, env)
    store.save(session)
    return session.sid


def _residents(env, count, first=0):
    return (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            [
                {
                    "name": f"Resident {number}",
                    "login": f"journey{number}",
                    "email": f"journey{number}@example.com",
                    "lang": "en_US",
                    "group_ids": [Command.set(env.ref("base.group_portal").ids)],
                }
                for number in range(first, first + count)
            ]
        )
    )


def create_residents(env, count):
    """:return: sessions of `count` residents and an operator, and the bank's ids"""
    users = _residents(env, count)
    operator = env.ref("base.user_admin")
    provider = env.ref("payment.payment_provider_demo")
    env.cr.commit()
    return {
        "sessions": [_session(env, user) for user in users],
        "operator": _session(env, operator),
        "provider": provider.id,
        "method": provider.payment_method_ids[:1].id,
    }


def _pay(env, order, amount=None):
    provider = env.ref("payment.payment_provider_demo")
    reference = env["payment.transaction"]._compute_reference(
        "demo", sale_order_ids=[Command.set(order.ids)]
    )
    tx = env["payment.transaction"].create(
        {
            "provider_id": provider.id,
            "payment_method_id": provider.payment_method_ids[:1].id,
            "reference": reference,
            "amount": order.amount_total if amount is None else amount,
            "currency_id": order.currency_id.id,
            "partner_id": order.partner_id.id,
            "operation": "online_direct",
            "sale_order_ids": [Command.set(order.ids)],
        }
    )
    tx._process("demo", {"reference": reference, "simulated_state": "done"})
    tx._post_process()


def _create_coupon(env):
    env["loyalty.program"].create(
        {
            "name": "Ten percent",
            "program_type": "promo_code",
            "trigger": "with_code",
            "applies_on": "current",
            "rule_ids": [Command.create({"mode": "with_code", "code": "TEN"})],
            "reward_ids": [
                Command.create(
                    {
                        "reward_type": "discount",
                        "discount_mode": "percent",
                        "discount": 10,
                        "discount_applicability": "order",
                    }
                )
            ],
        }
    )


def create_closing(env, count):
    """Let residents join, pay, pay twice, use a coupon, cancel or forget; then the
    campaign is due to close.

    :return: {"campaign": id, "orders": how many wait}
    """
    users = _residents(env, count, first=1000)
    _create_coupon(env)
    now = fields.Datetime.now()
    products = env["product.product"].search([("default_code", "=like", "JOURNEY-%")])
    leeks, ginger = products.sorted("list_price")
    campaign = env["groupbuy.campaign"].create(
        {
            "name": "Closing",
            "date_open": now - timedelta(hours=2),
            "date_close": now + timedelta(hours=2),
            "offer_ids": [
                Command.create(
                    {
                        "product_id": leeks.id,
                        "base_price": 9.99,
                        "tier_ids": [
                            Command.create({"min_quantity": count, "price": 9.49}),
                            Command.create({"min_quantity": 2 * count, "price": 8.88}),
                        ],
                    }
                ),
                Command.create(
                    {
                        "product_id": ginger.id,
                        "base_price": 20,
                        "min_quantity": 10 * count,
                    }
                ),
            ],
        }
    )
    campaign.action_publish()
    env.cr.commit()
    offers = campaign.offer_ids.ids
    point = env["groupbuy.pickup.point"].search([], limit=1)
    for number, user in enumerate(users):
        lines = [{"offer_id": offers[0], "quantity": 2 + number % 3}]
        if number % 4 == 1:
            lines.append({"offer_id": offers[1], "quantity": 1})
        elif number % 10 == 2:
            lines = [{"offer_id": offers[1], "quantity": 2}]
        answer = campaign.with_user(user).join(lines, point.id, f"closing-{number}")
        order = env["sale.order"].browse(answer["order_id"])
        if number % 10 == 4:
            [(coupon, reward)] = order._try_apply_code("TEN").items()
            order._apply_program_reward(reward, coupon)
        if number % 20 == 7:
            continue
        _pay(env, order)
        if number % 15 == 3:
            _pay(env, order)
        if number % 20 == 11:
            order.with_user(user).action_groupbuy_cancel()
        if number % 25 == 24:
            env.cr.commit()
    env.cr.commit()
    env.cr.execute(
        "UPDATE groupbuy_hold SET expires_at = %s WHERE state = 'held'", [now]
    )
    campaign.date_close = now - timedelta(minutes=1)
    env.cr.commit()
    waiting = [("groupbuy_campaign_id", "=", campaign.id), ("state", "=", "sent")]
    return {
        "campaign": campaign.id,
        "orders": env["sale.order"].search_count(waiting),
    }


def bring_to_points(env, campaign):
    """Bring the goods of a closed campaign's orders to their points, as the warehouse
    and the points would."""
    transfers = env["stock.picking"].search(
        [("groupbuy_campaign_id", "=", campaign), ("groupbuy_kind", "=", "transfer")]
    )
    for move in transfers.move_ids:
        env["stock.quant"]._update_available_quantity(
            move.product_id, move.location_id, move.product_qty
        )
    transfers.action_assign()
    transfers.move_ids.picked = True
    transfers._action_done()
    transfers.groupbuy_record_arrival()
    env.cr.commit()
