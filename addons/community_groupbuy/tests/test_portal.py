from odoo.tests import tagged
from odoo.tools import mute_logger

from .storefront_common import StorefrontCommon


@tagged("post_install", "-at_install")
class TestPortal(StorefrontCommon):
    def setUp(self):
        super().setUp()
        self.order = self._buy(self.campaign, self.ann, {self.leek: 15})
        self.url = f"/my/groupbuy/{self.order.id}"
        self.authenticate("gb_resident_1", "gb_resident_1")

    def test_list_counts_by_status(self):
        self._join(self.campaign, self.ann, {self.leek: 1})
        page = self._page("/my/groupbuy")
        self.assertEqual(len(page.cssselect(".o_groupbuy_order")), 2)
        tabs = self._text(page.cssselect(".o_groupbuy_tabs")[0])
        self.assertEqual(tabs, "All 2 To Pay 1 Waiting for the Group 1")
        orders = self._page("/my/groupbuy?status=waiting").cssselect(
            ".o_groupbuy_order"
        )
        self.assertEqual([order.get("href") for order in orders], [self.url])

    def test_list_shows_ones_own_only(self):
        self.authenticate("gb_resident_2", "gb_resident_2")
        self.assertFalse(self._page("/my/groupbuy").cssselect(".o_groupbuy_order"))

    def test_order_shows_prices_point_and_what_is_missing(self):
        self._buy(self.campaign, self.ben, {self.leek: 10})
        text = self._text(self._page(self.url).cssselect(".o_groupbuy_order_page")[0])
        text = text.replace("\xa0", " ")
        for part in (
            "Waiting for the Group",
            "15 × ¥ 10.00",
            "Now ¥ 9.00",
            "25 more for ¥ 8.00",
            "East Gate",
        ):
            self.assertIn(part, text)

    def test_order_shows_final_price_and_refund(self):
        self._buy(self.campaign, self.ben, {self.leek: 10})
        self._close(self.campaign)
        text = self._text(self._page(self.url).cssselect(".o_groupbuy_order_page")[0])
        text = text.replace("\xa0", " ")
        self.assertIn("Final price ¥ 9.00", text)
        self.assertIn("Refunded ¥ 15.00", text)

    def test_foreign_orders_are_closed(self):
        self.authenticate("gb_resident_2", "gb_resident_2")
        self.assertTrue(self.url_open(self.url).url.endswith("/my"))
        self.assertTrue(self.url_open(f"{self.url}?access_token=x").url.endswith("/my"))
        self._post(f"{self.url}/cancel", {})
        self.assertEqual(self.order.groupbuy_status, "waiting")

    def test_link_with_token_shows_but_does_not_cancel(self):
        self.authenticate(None, None)
        page = self._page(f"{self.url}?access_token={self.order.access_token}")
        self.assertIn("Winter vegetables", page.text_content())
        self.assertFalse(page.cssselect(".o_groupbuy_cancel"))
        self._post(f"{self.url}/cancel", {})
        self.assertEqual(self.order.groupbuy_status, "waiting")

    def test_cancelling_gives_all_money_back(self):
        self.assertTrue(self._page(self.url).cssselect(".o_groupbuy_cancel form"))
        response = self._post(f"{self.url}/cancel", {})
        self.assertTrue(response.headers["Location"].endswith(self.url))
        # The job itself went with the request's cursor.
        self._get_refunds(self.order)._groupbuy_send()
        self.assertEqual(self._get_refunded(self.order), 150.0)
        text = self._text(self._page(self.url).cssselect(".o_groupbuy_order_page")[0])
        self.assertIn("You cancelled this order.", text)
        self.assertIn("150.00", text)

    def test_too_late_to_cancel_says_so(self):
        self.campaign.state = "closing"
        self.assertFalse(self._page(self.url).cssselect(".o_groupbuy_cancel"))
        self._post(f"{self.url}/cancel", {})
        self.assertIn("too late to cancel", self._get(self.url).text)
        self.assertEqual(self.order.groupbuy_status, "waiting")

    def test_cancelling_needs_its_token(self):
        with mute_logger("odoo.http"):
            response = self.url_open(f"{self.url}/cancel", data={"sure": "yes"})
        self.assertEqual(response.status_code, 400)
        self.assertEqual(self.order.groupbuy_status, "waiting")

    def test_unpaid_order_offers_payment_until_its_time_is_over(self):
        order = self._join(self.campaign, self.ann, {self.leek: 1})
        url = f"/my/groupbuy/{order.id}"
        self.assertTrue(self._page(url).cssselect("a.o_groupbuy_pay"))
        self._get_holds(order).expires_at = "2020-01-01"
        page = self._page(url)
        self.assertFalse(page.cssselect("a.o_groupbuy_pay"))
        self.assertIn("The time to pay has run out", page.text_content())

    def test_ordinary_pages_neither_list_nor_pay_joins(self):
        self.assertNotIn(self.order.name, self._get("/my/quotes").text)
        self.assertNotIn(self.order.name, self._get("/my/orders").text)
        page = self._page(f"/my/orders/{self.order.id}")
        self.assertTrue(page.cssselect(".o_groupbuy_order_page"))
        self.assertFalse(page.cssselect("#o_sale_portal_paynow, [name=accept]"))
        self.assertFalse(self.order._has_to_be_paid())
        self.assertFalse(self.order._has_to_be_signed())

    def test_cancelled_campaign_still_shows_its_orders(self):
        self.campaign.action_cancel()
        self._run_jobs()
        page = self._page(self.url)
        self.assertNotIn(self.campaign._get_website_url(), self._get(self.url).text)
        self.assertIn("Winter vegetables", page.text_content())

    def test_home_counts_group_buys(self):
        self.assertIn("/my/groupbuy", self._get("/my").text)
        counters, _error = self._rpc("/my/counters", counters=["groupbuy_count"])
        self.assertEqual(counters, {"groupbuy_count": 1})
