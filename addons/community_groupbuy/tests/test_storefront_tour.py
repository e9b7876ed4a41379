import json

from odoo.tests import tagged
from odoo.tools import mute_logger

from .storefront_common import StorefrontCommon


@tagged("post_install", "-at_install")
class TestStorefrontTour(StorefrontCommon):
    """Residents with a phone in their hand."""

    browser_size = "390x844"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_redirecting_bank()

    @classmethod
    def _set_up_redirecting_bank(cls):
        """Let the bank be paid on a page of its own, which sends the payer back."""
        cls.env["payment.provider"].search(
            [("id", "!=", cls.provider.id)]
        ).is_published = False
        cls.provider.redirect_form_view_id = cls.env["ir.ui.view"].create(
            {
                "name": "Bank",
                "type": "qweb",
                "key": "community_groupbuy.test_bank_form",
                "arch": '<form t-att-action="api_url" method="get"/>',
            }
        )
        cls.classPatch(
            cls.env.registry["payment.transaction"],
            "_get_specific_rendering_values",
            lambda tx, _values: tx._set_done() and {"api_url": "/payment/status"},
        )

    def setUp(self):
        super().setUp()
        self.campaign.name = "Tour vegetables"

    def test_resident_signs_in_joins_and_pays(self):
        self.start_tour("/groupbuy", "groupbuy_join_and_pay")
        order = self.campaign.order_ids
        self.assertEqual(order.partner_id, self.ann.partner_id)
        self.assertEqual(order.groupbuy_status, "waiting")
        self.assertEqual(order.amount_total, 180.0)
        self.assertEqual(order.pickup_point_id, self.point)

    def test_returning_resident_joins_in_one_tap_and_cancels(self):
        self.ben.partner_id.groupbuy_pickup_point_id = self.point
        # The tour tries too much on purpose.
        with mute_logger("odoo.http"):
            self.start_tour("/groupbuy", "groupbuy_one_tap", login="gb_resident_2")
        order = self.campaign.order_ids
        self.assertEqual(order.groupbuy_cancel_reason, "resident")
        self._get_refunds(order)._groupbuy_send()
        self.assertEqual(self._get_refunded(order), 180.0)


@tagged("post_install", "-at_install")
class TestStorefrontUnits(StorefrontCommon):
    """The arithmetic of the page, in the bundle that residents load.

    Not with Hoot: its bundle holds a library for blurring backgrounds that Debian's
    package of Odoo leaves out, which fails every run before the first test.
    """

    def _evaluate(self, module, cases):
        """:param dict cases: {JavaScript expression: what it must give}"""
        checks = "".join(
            f"check({json.dumps(expression)}, {expression}, {json.dumps(wanted)});"
            for expression, wanted in cases.items()
        )
        self.browser_js(
            "/groupbuy",
            f"""
            const m = odoo.loader.modules.get("@community_groupbuy/{module}");
            const check = (what, got, wanted) => {{
                const text = JSON.stringify(got);
                if (text !== JSON.stringify(wanted)) {{
                    throw new Error(what + " gives " + text);
                }}
            }};
            {checks}
            console.log("test successful");
            """,
            f'odoo.loader?.modules.has("@community_groupbuy/{module}")',
        )

    def test_prices_quantities_and_sums(self):
        ladder = "[[0, 10], [20, 9], [50, 8]]"
        offer = f"ladder: {ladder}, compare: 12, paid: 15"
        self._evaluate(
            "interactions/ladder",
            {
                f"[0, 19, 20, 49, 50, 999].map((n) => m.priceAt({ladder}, n))": [
                    *(10, 10, 9, 9, 8, 8)
                ],
                f"m.nextStep({ladder}, 0)": [20, 9],
                f"m.nextStep({ladder}, 20)": [50, 8],
                f"m.nextStep({ladder}, 50) ?? null": None,
                "m.clampQuantity(3, {pack: 2})": 4,
                "m.clampQuantity(-5, {pack: 2})": 0,
                "m.clampQuantity(NaN, {pack: 1})": 0,
                "m.clampQuantity(1.5, {pack: 1})": 2,
                "m.clampQuantity(99, {pack: 2, max: 10, remaining: NaN})": 10,
                "m.clampQuantity(99, {pack: 4, max: 10, remaining: 7})": 4,
                "m.clampQuantity(1, {pack: 4, remaining: 3})": 0,
                # One's own pieces count for the price.
                f"m.sumUp([{{{offer}, chosen: 10}}])": {
                    "total": 90,
                    "saving": 30,
                    "pieces": 10,
                },
                f"m.sumUp([{{{offer}, chosen: 0}}]).total": 0,
            },
        )

    def test_countdown_shows_days_where_there_are_any(self):
        self._evaluate(
            "interactions/countdown",
            {
                "m.formatSeconds(0)": "00:00:00",
                "m.formatSeconds(-3)": "00:00:00",
                "m.formatSeconds(3661.9)": "01:01:01",
                'm.formatSeconds(2 * 86400 + 59, "%s d")': "2 d 00:00:59",
            },
        )
