from odoo.fields import Command
from odoo.tests import tagged

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestPrice(GroupbuyCommon):
    """Each docstring is worked by hand; the test compares to the fen."""

    def test_example_of_the_design(self):
        """10.00, from 20: 9.00, from 50: 8.00.

        A 15: 15 pieces, 10.00 → 150.00. B 10: 25 pieces, 9.00 → 90.00.
        Closed at 25, 9.00: A 135.00, 15.00 back; B 90.00, nothing back.
        """
        campaign = self._create_campaign(self._example())
        ann = self._buy(campaign, self.ann, 15)
        self.assertEqual(ann.amount_total, 150)
        self.assertEqual(ann.state, "sent")
        ben = self._buy(campaign, self.ben, 10)
        self.assertEqual(ben.amount_total, 90)
        self.assertCounted(campaign)
        self._close(campaign)
        self.assertEqual(campaign.state, "succeeded")
        self.assertEqual(campaign.offer_ids.final_price, 9)
        self.assertEqual(campaign.offer_ids.final_quantity, 25)
        self.assertEqual((ann + ben).mapped("state"), ["sale", "sale"])
        self.assertEqual((ann + ben).mapped("amount_total"), [135, 90])
        self.assertMoney(ann, 150, 15, 135)
        self.assertMoney(ben, 90, 0, 90)
        self.assertOnePrice(campaign)

    def test_several_tiers_packs_and_odd_cents(self):
        """7.77, from 6: 7.49, from 12: 6.95, from 24: 6.49, in packs of 3.

        A 3: 3 pieces, 7.77 → 23.31. B 6: 9 pieces, 7.49 → 44.94.
        C 3: 12 pieces, 6.95 → 20.85. D 9: 21 pieces, 6.95 → 62.55.
        Closed at 21, 6.95: A 20.85, 2.46 back; B 41.70, 3.24 back; C and D as paid.
        """
        campaign = self._create_campaign(
            self._offer(self.ginger, 7.77, {6: 7.49, 12: 6.95, 24: 6.49}, pack_size=3)
        )
        orders = self.env["sale.order"]
        for user, pieces, amount in (
            (self.ann, 3, 23.31),
            (self.ben, 6, 44.94),
            (self.cem, 3, 20.85),
            (self.dot, 9, 62.55),
        ):
            order = self._buy(campaign, user, pieces)
            self.assertEqual(order.amount_total, amount)
            orders += order
        self._close(campaign)
        self.assertEqual(campaign.offer_ids.final_price, 6.95)
        for order, paid, refunded, invoiced in zip(
            orders,
            (23.31, 44.94, 20.85, 62.55),
            (2.46, 3.24, 0, 0),
            (20.85, 41.70, 20.85, 62.55),
            strict=True,
        ):
            self.assertMoney(order, paid, refunded, invoiced)
        self.assertOnePrice(campaign)

    def test_missed_minimum_refunds_that_line_only(self):
        """Leeks (13 %) as in the example; ginger (9 %) 20.00, from 3: 18.00, min. 5.

        A: 4 leeks, 10.00, and 2 ginger, 20.00 → 80.00.
        B: 20 leeks, 24 in all, 9.00, and 2 ginger, 4 in all, 18.00 → 216.00.
        Closed: leeks at 24, 9.00; ginger at 4, missed.
        A 36.00 (4.14 of it VAT), 44.00 back; B 180.00, 36.00 back.
        """
        campaign = self._create_campaign(
            self._example(), self._offer(self.ginger, 20, {3: 18}, min_quantity=5)
        )
        ann = self._buy(campaign, self.ann, {self.leek: 4, self.ginger: 2})
        ben = self._buy(campaign, self.ben, {self.leek: 20, self.ginger: 2})
        self.assertEqual((ann + ben).mapped("amount_total"), [80, 216])
        self._close(campaign)
        self.assertEqual(campaign.state, "succeeded")
        self.assertEqual(campaign.offer_ids.mapped("outcome"), ["success", "failure"])
        self.assertMoney(ann, 80, 44, 36)
        self.assertMoney(ben, 216, 36, 180)
        self.assertEqual(ann.invoice_ids.amount_tax, 4.14)
        self.assertEqual(ann.invoice_ids.invoice_line_ids.product_id, self.leek)
        moves = (ann + ben).picking_ids.move_ids
        self.assertEqual(moves.product_id, self.leek, "nothing missed is delivered")
        self.assertOnePrice(campaign)

    def test_order_of_missed_offers_only_is_cancelled(self):
        """Ginger 20.00, at least 5; leeks 10.00.

        A: 2 ginger → 40.00, missed: all back. B: 1 leek → 10.00, stays.
        """
        campaign = self._create_campaign(
            self._offer(self.leek, 10), self._offer(self.ginger, 20, min_quantity=5)
        )
        ann = self._buy(campaign, self.ann, {self.ginger: 2})
        ben = self._buy(campaign, self.ben, {self.leek: 1})
        self._close(campaign)
        self.assertEqual(ann.state, "cancel")
        self.assertEqual(ann.groupbuy_cancel_reason, "failed")
        self.assertEqual(ann.groupbuy_status, "refunded")
        self.assertMoney(ann, 40, 40, 0)
        self.assertFalse(ann.picking_ids)
        self.assertMoney(ben, 10, 0, 10)

    def test_cancellation_after_a_tier_was_reached(self):
        """The example's tiers. A 15, 10.00 → 150.00. B 10, 9.00 → 90.00.
        C 2, 27 in all, 9.00 → 18.00. B cancels: 90.00 back.

        Closed at 17: the tier says 10.00, but C was shown 9.00, and all pay the same:
        A 135.00, 15.00 back; C 18.00, nothing back.
        """
        campaign = self._create_campaign(self._example())
        ann = self._buy(campaign, self.ann, 15)
        ben = self._buy(campaign, self.ben, 10)
        cem = self._buy(campaign, self.cem, 2)
        ben.with_user(self.ben).action_groupbuy_cancel()
        self._run_jobs()
        self.assertEqual(campaign.offer_ids.paid_quantity, 17)
        self._close(campaign)
        self.assertEqual(campaign.offer_ids.final_price, 9)
        self.assertMoney(ann, 150, 15, 135)
        self.assertMoney(ben, 90, 90, 0)
        self.assertMoney(cem, 18, 0, 18)
        self.assertOnePrice(campaign)

    def test_price_shown_to_who_cancelled_binds_nobody(self):
        """A 5, 10.00 → 50.00. B 50, 55 in all, 8.00 → 400.00, and cancels.

        Closed at 5, 10.00: A pays what was shown, 50.00.
        """
        campaign = self._create_campaign(self._example())
        ann = self._buy(campaign, self.ann, 5)
        ben = self._buy(campaign, self.ben, 50)
        self.assertEqual(ben.amount_total, 400)
        ben.with_user(self.ben).action_groupbuy_cancel()
        self._close(campaign)
        self.assertEqual(campaign.offer_ids.final_price, 10)
        self.assertMoney(ann, 50, 0, 50)
        self.assertMoney(ben, 400, 400, 0)

    def test_percent_coupon(self):
        """The example, A with 10 % off: 150.00 − 15.00 → 135.00.

        Closed at 9.00: A 135.00 − 13.50 = 121.50, 13.50 back.
        """
        self._create_coupon_program("TEN", discount_mode="percent", discount=10)
        campaign = self._create_campaign(self._example())
        ann = self._buy(campaign, self.ann, 15, code="TEN")
        self.assertEqual(ann.amount_total, 135)
        ben = self._buy(campaign, self.ben, 10)
        self._close(campaign)
        self.assertMoney(ann, 135, 13.5, 121.5)
        self.assertMoney(ben, 90, 0, 90)
        self.assertOnePrice(campaign)

    def test_percent_coupon_of_odd_cents(self):
        """3.35, from 10: 2.99. A 7 with 10 % off: 23.45 − 2.35 (of 2.345) → 21.10.
        B 3, 10 in all, 2.99 → 8.97.

        Closed at 2.99: A 20.93 − 2.09 (of 2.093) = 18.84, 2.26 back: ten percent of
        the new price, not of the rounded old discount.
        """
        self._create_coupon_program("TEN", discount_mode="percent", discount=10)
        campaign = self._create_campaign(self._offer(self.leek, 3.35, {10: 2.99}))
        ann = self._buy(campaign, self.ann, 7, code="TEN")
        self.assertEqual(ann.amount_total, 21.10)
        self._buy(campaign, self.ben, 3)
        self._close(campaign)
        self.assertMoney(ann, 21.10, 2.26, 18.84)

    def test_fixed_coupon_is_honoured_below_its_minimum(self):
        """The example, A with 20.00 off from 140.00: 150.00 − 20.00 → 130.00.

        Closed at 9.00: 135.00 is below the minimum, yet A 135.00 − 20.00 = 115.00,
        15.00 back.
        """
        self._create_coupon_program(
            "TWENTY", minimum=140, discount_mode="per_order", discount=20
        )
        campaign = self._create_campaign(self._example())
        ann = self._buy(campaign, self.ann, 15, code="TWENTY")
        self.assertEqual(ann.amount_total, 130)
        self._buy(campaign, self.ben, 10)
        self._close(campaign)
        self.assertMoney(ann, 130, 15, 115)

    def test_fixed_coupon_is_worth_no_more_than_the_goods(self):
        """Leeks 10.00, ginger 20.00 at least 5. A: 1 leek, 2 ginger, 15.00 off → 35.00.

        Ginger missed: A 10.00 − 10.00 = 0.00, 35.00 back.
        """
        self._create_coupon_program("FIFTEEN", discount_mode="per_order", discount=15)
        campaign = self._create_campaign(
            self._offer(self.leek, 10), self._offer(self.ginger, 20, min_quantity=5)
        )
        ann = self._buy(
            campaign, self.ann, {self.leek: 1, self.ginger: 2}, code="FIFTEEN"
        )
        self.assertEqual(ann.amount_total, 35)
        self._close(campaign)
        self.assertEqual(ann.state, "sale")
        self.assertEqual(ann.amount_total, 0)
        self.assertMoney(ann, 35, 35, 0)

    def test_two_taxes_and_a_percent_coupon(self):
        """Leeks (13 %) 10.00, from 20: 9.00; ginger (9 %) 20.00, from 10: 18.00.

        A: 10 and 5 with 10 % off: 100.00 + 100.00 − 20.00 → 180.00.
        B: 15 (25 in all) at 9.00 and 5 (10 in all) at 18.00 → 135.00 + 90.00.
        Closed: A 90.00 + 90.00 − 18.00 = 162.00, 18.00 back.
        VAT line by line: 10.35 − 1.04 at 13 %, 7.43 − 0.74 at 9 %, together 16.00.
        """
        self._create_coupon_program("TEN", discount_mode="percent", discount=10)
        campaign = self._create_campaign(
            self._offer(self.leek, 10, {20: 9}), self._offer(self.ginger, 20, {10: 18})
        )
        ann = self._buy(campaign, self.ann, {self.leek: 10, self.ginger: 5}, code="TEN")
        self.assertEqual(ann.amount_total, 180)
        ben = self._buy(campaign, self.ben, {self.leek: 15, self.ginger: 5})
        self.assertEqual(ben.amount_total, 225)
        self._close(campaign)
        self.assertMoney(ann, 180, 18, 162)
        self.assertEqual(ann.invoice_ids.amount_tax, 16)
        self.assertMoney(ben, 225, 0, 225)
        self.assertOnePrice(campaign)

    def test_taxes_on_top_of_the_price(self):
        """The example with 13 % on top. A 15 → 150.00 + 19.50 = 169.50.
        B 10 → 90.00 + 11.70 = 101.70.

        Closed at 9.00: A 135.00 + 17.55 = 152.55, 16.95 back; B as paid.
        """
        self.leek.taxes_id = self.tax_13.copy(
            {"name": "On top", "price_include_override": "tax_excluded"}
        )
        campaign = self._create_campaign(self._example())
        ann = self._buy(campaign, self.ann, 15)
        ben = self._buy(campaign, self.ben, 10)
        self.assertEqual((ann + ben).mapped("amount_total"), [169.5, 101.7])
        self._close(campaign)
        self.assertMoney(ann, 169.5, 16.95, 152.55)
        self.assertMoney(ben, 101.7, 0, 101.7)

    def test_resident_whose_taxes_are_mapped(self):
        """The example with 13 % in the price; A's taxes are mapped to none, so A pays
        150.00 / 1.13 = 132.74 for 15.

        Closed at 9.00: A 135.00 / 1.13 = 119.47, 13.27 back.
        """
        untaxed = self.tax_13.copy(
            {"name": "Exempt", "amount": 0, "price_include_override": "tax_excluded"}
        )
        position = self.env["account.fiscal.position"].create({"name": "Exempt"})
        untaxed.write(
            {
                "fiscal_position_ids": [Command.set(position.ids)],
                "original_tax_ids": [Command.set(self.tax_13.ids)],
            }
        )
        self.ann.partner_id.property_account_position_id = position
        campaign = self._create_campaign(self._example())
        ann = self._buy(campaign, self.ann, 15)
        self.assertEqual(ann.amount_total, 132.74)
        self._buy(campaign, self.ben, 10)
        self._close(campaign)
        self.assertMoney(ann, 132.74, 13.27, 119.47)

    def test_resident_with_a_price_list_in_another_currency(self):
        """A campaign is paid in its own currency, whatever a price list says."""
        usd = self.env.ref("base.USD")
        usd.active = True
        self.ann.partner_id.property_product_pricelist = self.env[
            "product.pricelist"
        ].create({"name": "Dollars", "currency_id": usd.id})
        campaign = self._create_campaign(self._example())
        ann = self._buy(campaign, self.ann, 15)
        self.assertEqual(ann.currency_id, campaign.currency_id)
        self.assertEqual(ann.amount_total, 150)
        self._buy(campaign, self.ben, 10)
        self._close(campaign)
        self.assertMoney(ann, 150, 15, 135)

    def test_price_list_discounts_do_not_touch_group_prices(self):
        """Half price on everything: a group's price stays the group's."""
        self.ann.partner_id.property_product_pricelist = self.env[
            "product.pricelist"
        ].create(
            {
                "name": "Half",
                "currency_id": self.company.currency_id.id,
                "item_ids": [
                    Command.create({"compute_price": "percentage", "percent_price": 50})
                ],
            }
        )
        campaign = self._create_campaign(self._example())
        ann = self._join(campaign, self.ann, 15)
        self.assertEqual(ann.amount_total, 150)
        ann._recompute_prices()
        self.assertEqual(ann.amount_total, 150)
