from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.web.tests.test_js import HOOTCommon

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
class TestStorefrontUnits(HttpCase):
    """The storefront's JavaScript, unit by unit."""

    def test_prices_and_countdowns(self):
        suite = HOOTCommon._generate_hash(
            self, "@community_groupbuy/interactions/storefront"
        )
        self.browser_js(
            f"/web/tests?headless&loglevel=2&preset=desktop&timeout=15000&id={suite}",
            "",
            login="admin",
            timeout=300,
            success_signal="[HOOT] Test suite succeeded",
            # Hoot counts its own failures. The other is a library for blurring
            # backgrounds that Debian's package of Odoo leaves out.
            error_checker=lambda message: (
                "[HOOT]" not in message and "selfie_segmentation" not in message
            ),
        )
