"""Runs in Odoo's shell: what both sides of the benchmarks have in common."""

from client import PASSWORD

from odoo.fields import Command

PRODUCTS = 20
STOCK = 10_000_000


def configure(env):
    """Consumer prices with tax, the demo payment provider, one free delivery method."""
    env.company.account_price_include = "tax_included"
    env["website"].search([]).show_line_subtotals_tax_selection = "tax_included"
    provider = env["payment.provider"].search([("code", "=", "demo")], limit=1)
    provider.write({"state": "test", "is_published": True})
    # Odoo expects one line of the journal for a provider, and may have made two.
    lines = provider.journal_id.inbound_payment_method_line_ids
    lines.filtered(lambda line: line.payment_provider_id == provider)[1:].unlink()
    if not env["delivery.carrier"].search_count([("is_published", "=", True)]):
        product = env["product.product"].create(
            {"name": "Delivery", "type": "service", "list_price": 0.0}
        )
        env["delivery.carrier"].create(
            {"name": "Delivery", "product_id": product.id, "is_published": True}
        )


def drop_reports(env):
    """Send no PDF with mails: wkhtmltopdf asks the server that waits for it for its
    styles, so two workers that confirm an order each wait for each other for ever.
    """
    env["mail.template"].search([]).report_template_ids = False


def create_products(env):
    """:return: storable products with tax, price and more stock than can be sold"""
    products = env["product.product"].create(
        [
            {
                "name": f"Benchmark product {number}",
                "type": "consu",
                "is_storable": True,
                "list_price": 10.0 + number,
                "standard_price": 5.0,
                "is_published": True,
                "website_description": "<p>Picked this morning.</p>",
            }
            for number in range(PRODUCTS)
        ]
    )
    location = env["stock.warehouse"].search([], limit=1).lot_stock_id
    for product in products:
        env["stock.quant"]._update_available_quantity(product, location, STOCK)
    return products


def create_residents(env, count):
    """:return: residents with a full address and one password, that can sign in"""
    residents = (
        env["res.users"]
        .with_context(no_reset_password=True)
        .create(
            [
                {
                    "name": f"Resident {number}",
                    "login": f"bench{number}",
                    "email": f"bench{number}@example.com",
                    "phone": "0531 5550 0000",
                    "street": f"Test street {number}",
                    "city": "Jinan",
                    "zip": "250000",
                    "country_id": env.ref("base.cn").id,
                    "state_id": env.ref("base.state_cn_SD").id,
                    "group_ids": [Command.set(env.ref("base.group_portal").ids)],
                }
                for number in range(count)
            ]
        )
    )
    # One password is hashed once: each of these takes a good part of a second.
    residents[0].password = PASSWORD
    env.flush_all()
    env.cr.execute(
        "UPDATE res_users SET password ="
        " (SELECT password FROM res_users WHERE id = %s) WHERE id IN %s",
        [residents[0].id, residents._ids],
    )
    return residents


def create_shop(env, residents):
    """Prepare a database for the HTTP benchmarks.

    :return: what the journeys must know: products as [product, template, page]
    """
    configure(env)
    drop_reports(env)
    products = create_products(env)
    create_residents(env, residents)
    return {
        "products": [
            [product.id, product.product_tmpl_id.id, product.website_url]
            for product in products
        ],
    }


def create_campaign(env, products, quota, lines=PRODUCTS):
    """:return: an open campaign with three tiers on each product"""
    points = env["groupbuy.pickup.point"].create(
        [
            {
                "name": f"Point {number}",
                "partner_id": env["res.partner"]
                .create(
                    {
                        "name": f"Point {number}",
                        "street": f"Point street {number}",
                        "city": "Jinan",
                        "zip": "250000",
                        "country_id": env.ref("base.cn").id,
                    }
                )
                .id,
            }
            for number in range(8)
        ]
    )
    campaign = env["groupbuy.campaign"].create(
        {
            "name": "Benchmark campaign",
            "pickup_point_ids": [Command.set(points.ids)],
            "offer_ids": [
                Command.create(
                    {
                        "product_id": product.id,
                        "base_price": product.list_price,
                        "quota": quota,
                        "tier_ids": [
                            Command.create(
                                {
                                    "min_quantity": quantity,
                                    "price": product.list_price - drop,
                                }
                            )
                            for quantity, drop in ((20, 1), (50, 2), (200, 3))
                        ],
                    }
                )
                for product in products[:lines]
            ],
        }
    )
    campaign.action_publish()
    return campaign


def create_group_shop(env, residents, quota):
    """Prepare a database of ours: the same shop, and a campaign of its products."""
    shop = create_shop(env, residents)
    products = env["product.product"].browse([row[0] for row in shop["products"]])
    campaign = create_campaign(env, products, quota)
    return {
        **shop,
        "campaign": campaign.id,
        "page": campaign._get_website_url(),
        "offers": campaign.offer_ids.ids,
        "points": campaign.pickup_point_ids.ids,
    }


def count_sold(env):
    """:return: how many orders are paid and confirmed"""
    return env["sale.order"].search_count(
        [("state", "=", "sale"), ("transaction_ids.state", "=", "done")]
    )


def check_joins(env, quota):
    """:return: how many joins are paid and wait

    :raise ValueError: more is taken than the quota, or holds and orders differ
    """
    env.cr.execute(
        """
        SELECT offer_id, SUM(quantity) FILTER (WHERE state = 'paid'),
               SUM(quantity) FILTER (WHERE state IN ('held', 'paid')),
               (SELECT SUM(l.product_uom_qty) FROM sale_order_line AS l
                  JOIN sale_order AS o ON o.id = l.order_id
                 WHERE l.groupbuy_offer_id = h.offer_id AND o.state = 'sent')
          FROM groupbuy_hold AS h
      GROUP BY offer_id
        """
    )
    for offer, paid, taken, ordered in env.cr.fetchall():
        if taken > quota or paid != ordered:
            raise ValueError(
                f"Offer {offer}: {taken} taken of {quota}, {paid} paid, {ordered} "
                "ordered."
            )
    return env["sale.order"].search_count(
        [
            ("groupbuy_campaign_id", "!=", False),
            ("state", "=", "sent"),
            ("transaction_ids.state", "=", "done"),
        ]
    )
