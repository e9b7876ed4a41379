"""Row join: from the product's page to paid, as a resident's browser asks for it."""

import itertools
import re
import statistics
import uuid

import client
import inside
import limits
from client import PASSWORD, TOKEN, HttpError
from report import median_ratio
from shops import QUOTA, RESIDENTS

ROUNDS = 3
# Clients at once, and for how many seconds they start orders.
LOADS = (8, 32)
SECONDS = 12
ATTRIBUTE = re.compile(r'\s([a-z-]+)="([^"]*)"')


def find_tags(page, name, attribute, value):
    """Return the attributes of the tags with that attribute, as dicts."""
    tags = re.findall(rf'<{name}\s[^>]*\b{attribute}="{value}"[^>]*>', page)
    return [dict(ATTRIBUTE.findall(tag)) for tag in tags]


def pay(browser, page):
    """Pay on Odoo's payment page: transaction, provider, status, landing page.

    The status page asks again and again until it is paid; a shop that finds it
    paid already may send the browser on at once.
    """
    forms = find_tags(page, "form", "id", "o_payment_form")
    options = find_tags(page, "input", "data-provider-code", "demo")
    if not forms or not options:
        raise HttpError("There is no payment form on the payment page.")
    form, option = forms[0], options[0]
    token = next(filter(None, TOKEN.search(page).groups()))
    processing = browser.rpc(
        form["data-transaction-route"],
        provider_id=int(option["data-provider-id"]),
        payment_method_id=int(option["data-payment-option-id"]),
        token_id=None,
        amount=float(form["data-amount"]),
        flow="direct",
        tokenization_requested=False,
        landing_route=form["data-landing-route"].replace("&amp;", "&"),
        is_validation=False,
        access_token=form["data-access-token"],
        csrf_token=token,
    )
    browser.rpc(
        "/payment/demo/simulate_payment",
        reference=processing["reference"],
        payment_details="1234",
        simulated_state="done",
    )
    if 'name="o_payment_status"' not in browser.get("/payment/status").text:
        return
    status = browser.rpc("/payment/status/poll", csrf_token=token)
    if status["state"] != "done":
        raise HttpError(f"The payment ended in state {status['state']}.")
    browser.get(status["landing_route"])


class StockJourney:
    """Odoo's own checkout: product, cart, delivery, payment, confirmation."""

    def __init__(self, shop):
        self.products = itertools.cycle(shop["products"])

    def __call__(self, browser):
        product, template, page = next(self.products)
        browser.get(page)
        browser.rpc(
            "/website_sale/get_combination_info",
            product_template_id=template,
            product_id=product,
            combination=[],
            add_qty=1,
            uom_id=None,
        )
        browser.rpc("/shop/products/recently_viewed_update", product_id=product)
        browser.rpc(
            "/website_sale/should_show_product_configurator",
            product_template_id=template,
            ptav_ids=[],
            is_product_configured=True,
        )
        browser.rpc(
            "/shop/cart/add",
            product_template_id=template,
            product_id=product,
            quantity=1,
            product_custom_attribute_values=[],
            no_variant_attribute_value_ids=[],
        )
        browser.get("/shop/cart")
        checkout = browser.get("/shop/checkout?try_skip_step=true").text
        for carrier in find_tags(checkout, "input", "name", "o_delivery_radio"):
            action = (
                "set_delivery_method" if "checked" in carrier else "get_delivery_rate"
            )
            browser.rpc(f"/shop/{action}", dm_id=int(carrier["data-dm-id"]))
        pay(browser, browser.get("/shop/payment").text)


class OurJourney:
    """Campaign, join, payment, one's own order."""

    def __init__(self, shop):
        self.shop = shop
        self.offers = itertools.cycle(shop["offers"])
        self.points = itertools.cycle(shop["points"])

    def __call__(self, browser):
        campaign = self.shop["campaign"]
        browser.get(self.shop["page"])
        browser.get(f"/groupbuy/{campaign}/progress")
        joined = browser.rpc(
            f"/groupbuy/{campaign}/join",
            lines=[{"offer_id": next(self.offers), "quantity": 1}],
            pickup_point_id=next(self.points),
            key=uuid.uuid4().hex,
        )
        pay(browser, browser.get(joined["payment_url"]).text)


def measure(report, ours, stock):
    """Orders per second, ours against stock's, with few and many clients."""
    sides = (Side(ours, OurJourney), Side(stock, StockJourney))
    for side in sides:
        side.warm_up()
    for clients in LOADS:
        rates = ([], [])
        for _round in range(ROUNDS):
            for side, rate in zip(sides, rates, strict=True):
                rate.append(side.measure(clients, SECONDS))
        report.add(
            "join",
            f"from product page to paid, {clients} clients",
            "orders/s",
            *map(statistics.median, rates),
            median_ratio(*rates),
            "≥ 8×",
        )
    paid = inside.call(ours.database, "shop:check_joins", quota=QUOTA)
    sold = inside.call(stock.database, "shop:count_sold")
    if (paid, sold) != (sides[0].done, sides[1].done):
        raise SystemExit(
            f"{sides[0].done} residents paid us and {sides[1].done} stock's shop, but"
            f" {paid} and {sold} orders are paid."
        )
    clients = LOADS[0]
    rate = report.lines[-len(LOADS)]["ours"]
    limit = limits.write_joins(ours.database, clients)
    metric = f"against bare SQL inserts, {clients} clients"
    report.add("join", metric, "orders/s", rate, limit, rate / limit)
    report.note(
        f"join: {sides[0].requests:.0f} requests per order against"
        f" {sides[1].requests:.0f} of stock's; 0 errors, oversell 0, {paid} orders of"
        f" ours and {sold} of stock's are paid. Stock's confirmation mail has no PDF:"
        " with it, its workers wait for each other."
    )


class Side:
    """One shop under load."""

    def __init__(self, shop, journey):
        self.browsers = shop.server.residents(RESIDENTS, PASSWORD)
        self.journey = journey(shop.content)
        self.done = 0

    def warm_up(self):
        """Let both workers see every page."""
        self.measure(4, 5)

    def measure(self, clients, seconds):
        """:return: orders per second

        :raise SystemExit: a resident could not order
        """
        done, elapsed, errors = client.run(
            self.browsers[:clients], self.journey, seconds
        )
        if errors:
            raise SystemExit(f"{len(errors)} orders failed, the first: {errors[0]}")
        self.done += done
        return done / elapsed

    @property
    def requests(self):
        """:return: how many requests an order took"""
        # One of each browser's was to sign in.
        sent = sum(browser.requests - 1 for browser in self.browsers)
        return sent / self.done
