"""What journeys prepare in Odoo's shell, before or without a server."""

from odoo import http
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
