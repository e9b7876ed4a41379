import math
import random

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import GroupbuyCommon


class TakeOffCommon(GroupbuyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(
            cls._example(), cls._offer(cls.ginger, 20, {10: 18.5})
        )

    def _take_off(self, quantities, reason="Short on arrival"):
        """:param dict quantities: {(order, product): pieces}"""
        return self.env["sale.order"]._groupbuy_take_off(
            {
                self._get_line(order, product): pieces
                for (order, product), pieces in quantities.items()
            },
            reason,
        )

    def _get_line(self, order, product):
        return order.order_line.filtered(
            lambda line: line.product_id == product and line._is_groupbuy_goods()
        )

    def _closed(self, quantities, user=None, **kwargs):
        """:return: the order of a resident, its campaign closed and paid back"""
        order = self._buy(self.campaign, user or self.ann, quantities, **kwargs)
        self._close(self.campaign)
        self.assertEqual(order.state, "sale")
        return order


@tagged("post_install", "-at_install")
class TestTakeOff(TakeOffCommon):
    # === PIECES === #

    def test_pieces_are_credited_and_refunded(self):
        order = self._closed({self.leek: 5, self.ginger: 2})
        self.assertMoney(order, 90, 0, 90)
        credit_note = self._take_off({(order, self.leek): 2})
        self.assertEqual(credit_note.amount_total, 20)
        self.assertEqual(credit_note.ref, "Short on arrival")
        self.assertEqual(credit_note.state, "posted")
        self.assertEqual(credit_note.invoice_line_ids.quantity, 2)
        self.assertEqual(credit_note.reversed_entry_id.move_type, "out_invoice")
        self.assertEqual(order.amount_total, 70)
        self.assertEqual(credit_note.transaction_ids, self._get_refunds(order))
        self._run_jobs()
        self.assertMoney(order, 90, 20, 70)
        self.assertSettled(order)
        self.assertEqual(order.groupbuy_status, "to_ship")

    def test_twice_and_then_everything(self):
        order = self._closed({self.leek: 5, self.ginger: 2})
        self._take_off({(order, self.leek): 1})
        self.assertSettled(order)
        self._take_off({(order, self.leek): 1, (order, self.ginger): 1})
        self.assertSettled(order)
        self.assertEqual(order.amount_total, 50)
        self._take_off({(order, self.leek): 3, (order, self.ginger): 1})
        self.assertSettled(order)
        self.assertMoney(order, 90, 90, 0)
        self.assertEqual(order.groupbuy_status, "refunded")

    def test_many_orders_at_once_each_get_their_own(self):
        ann = self._buy(self.campaign, self.ann, {self.leek: 15})
        ben = self._buy(self.campaign, self.ben, {self.leek: 10})
        cem = self._buy(self.campaign, self.cem, {self.ginger: 3})
        self._close(self.campaign)
        credit_notes = self._take_off(
            {(ann, self.leek): 5, (ben, self.leek): 10, (cem, self.ginger): 1}
        )
        self.assertEqual(credit_notes.mapped("amount_total"), [45, 90, 20])
        for order in ann + ben + cem:
            self.assertSettled(order)
        self.assertMoney(ann, 150, 60, 90)
        self.assertMoney(ben, 90, 90, 0)
        self.assertMoney(cem, 60, 20, 40)
        self.assertEqual(ben.groupbuy_status, "refunded")

    def test_no_goods_are_planned_again(self):
        order = self._closed({self.leek: 5})
        pickings = order.picking_ids
        self._take_off({(order, self.leek): 2})
        self.assertEqual(order.picking_ids, pickings)

    def test_needs_no_rights_on_invoices(self):
        order = self._closed({self.leek: 5})
        operator = new_test_user(
            self.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        line = self._get_line(order, self.leek).with_user(operator)
        order.with_user(operator)._groupbuy_take_off({line: 2}, "Short")
        self.assertSettled(order)

    def test_locked_orders_stay_locked(self):
        order = self._closed({self.leek: 5})
        order.action_lock()
        self._take_off({(order, self.leek): 2})
        self.assertTrue(order.locked)
        self.assertSettled(order)

    def test_residents_are_told(self):
        order = self._closed({self.leek: 5})
        self._run_cron("sale.send_pending_emails_cron")
        self._take_off({(order, self.leek): 2})
        self._run_jobs()
        message = order.message_ids.filtered("subject")[:1]
        self.assertIn("We give back money", message.subject)
        self.assertIn("Short on arrival", message.body)
        self.assertIn("20.00", message.body)

    def test_nonsense_is_refused(self):
        order = self._closed({self.leek: 5})
        waiting = self._buy(
            self._create_campaign(self._example()), self.ben, {self.leek: 5}
        )
        for quantities in (
            {(order, self.leek): 6},
            {(order, self.leek): -1},
            {(waiting, self.leek): 1},
        ):
            with self.assertRaises(UserError):
                self._take_off(quantities)
        self.assertFalse(self._take_off({(order, self.leek): 0}))
        self.assertEqual(order.amount_total, 50)
        self.assertSettled(order)

    def test_what_has_been_handed_over_must_come_back_first(self):
        order = self._closed({self.leek: 5})
        order.picking_ids.move_ids.write({"quantity": 5, "picked": True})
        order.picking_ids.with_context(skip_backorder=True).button_validate()
        self.assertEqual(self._get_line(order, self.leek).qty_delivered, 5)
        with self.assertRaises(UserError):
            self._take_off({(order, self.leek): 1})

    # === TAXES === #

    def test_odd_prices_taxes_inside_rounded_by_line(self):
        self._check_odd_prices("tax_included", "round_per_line")

    def test_odd_prices_taxes_inside_rounded_globally(self):
        self._check_odd_prices("tax_included", "round_globally")

    def test_odd_prices_taxes_on_top_rounded_by_line(self):
        self._check_odd_prices("tax_excluded", "round_per_line")

    def test_odd_prices_taxes_on_top_rounded_globally(self):
        self._check_odd_prices("tax_excluded", "round_globally")

    def _check_odd_prices(self, included, rounding):
        """Two rates, prices that do not divide: taxes come back to the fen."""
        self.company.tax_calculation_rounding_method = rounding
        (self.tax_13 + self.tax_9).price_include_override = included
        dice = random.Random(f"{included} {rounding}")
        products = [
            self._create_product(f"Odd {at}", 100, taxes=tax)
            for at, tax in enumerate((self.tax_13, self.tax_9, self.tax_13))
        ]
        campaign = self._create_campaign(
            *(self._offer(product, dice.randint(3, 999) / 100) for product in products)
        )
        order = self._buy(campaign, self.ann, {p: dice.randint(4, 9) for p in products})
        self._close(campaign)
        self.assertSettled(order)
        for share in (0.3, 0.5, 1):
            self._take_off(
                {
                    (order, line.product_id): math.ceil(line.product_uom_qty * share)
                    for line in order.order_line
                    if line.product_uom_qty and line._is_groupbuy_goods()
                }
            )
            self.assertSettled(order)
        self.assertEqual(order.amount_total, 0)
        self.assertEqual(order.groupbuy_status, "refunded")

    # === COUPONS === #

    def test_percentage_stays_that_percentage(self):
        self._create_coupon_program("TEN", discount=10, discount_mode="percent")
        order = self._closed({self.leek: 5, self.ginger: 2}, code="TEN")
        self.assertEqual(order.amount_total, 81)
        self._take_off({(order, self.ginger): 1})
        self.assertEqual(order.amount_total, 63)
        self.assertSettled(order)
        self._take_off({(order, self.leek): 3})
        self.assertEqual(order.amount_total, 36)
        self.assertSettled(order)
        self._take_off({(order, self.leek): 2, (order, self.ginger): 1})
        self.assertSettled(order)
        self.assertMoney(order, 81, 81, 0)

    def test_fixed_amount_stays_and_is_never_more_than_the_goods(self):
        self._create_coupon_program("OFF30", discount=30, discount_mode="per_order")
        order = self._closed({self.leek: 5, self.ginger: 2}, code="OFF30")
        self.assertEqual(order.amount_total, 60)
        self._take_off({(order, self.ginger): 2})
        self.assertEqual(order.amount_total, 20)
        self.assertSettled(order)
        discounts = order.order_line.filtered("reward_id")
        used = discounts.filtered(lambda line: line.price_unit < 0)
        self.assertEqual(used.tax_ids, self.tax_13, "no tax on goods that are gone")
        self._take_off({(order, self.leek): 3})
        self.assertEqual(order.amount_total, 0)
        self.assertSettled(order)
        self._take_off({(order, self.leek): 2})
        self.assertSettled(order)
        self.assertMoney(order, 60, 60, 0)

    def test_discount_on_one_product_follows_that_product(self):
        self._create_coupon_program(
            "GINGER",
            discount=50,
            discount_mode="percent",
            discount_applicability="specific",
            discount_product_ids=[Command.set(self.ginger.ids)],
        )
        order = self._closed({self.leek: 5, self.ginger: 2}, code="GINGER")
        self.assertEqual(order.amount_total, 70)
        self._take_off({(order, self.leek): 1})
        self.assertEqual(order.amount_total, 60)
        self._take_off({(order, self.ginger): 1})
        self.assertEqual(order.amount_total, 50)
        self._take_off({(order, self.ginger): 1})
        self.assertEqual(order.amount_total, 40)
        self.assertSettled(order)

    def test_coupon_comes_back_when_nothing_is_left(self):
        program = self._create_coupon_program(
            "OFF10", discount=10, discount_mode="per_order"
        )
        program.write({"program_type": "coupons"})
        coupon = self.env["loyalty.card"].create(
            {"program_id": program.id, "points": 1}
        )
        order = self._closed({self.leek: 5}, code=coupon.code)
        self.assertEqual(coupon.points, 0)
        self._take_off({(order, self.leek): 3})
        self.assertEqual(coupon.points, 0)
        self._take_off({(order, self.leek): 2})
        self.assertEqual(coupon.points, 1)
        self.assertSettled(order)

    def _create_gift_card(self, points):
        program = self.env["loyalty.program"].create(
            {
                "name": "Gift cards",
                "program_type": "gift_card",
                "applies_on": "future",
                "trigger": "auto",
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_mode": "per_point",
                            "discount": 1,
                            "discount_applicability": "order",
                            "required_points": 1,
                        }
                    )
                ],
            }
        )
        return self.env["loyalty.card"].create(
            {"program_id": program.id, "points": points}
        )

    def test_gift_card_gets_back_what_it_paid(self):
        card = self._create_gift_card(30)
        order = self._closed({self.leek: 5}, code=card.code)
        self.assertEqual((order.amount_total, card.points), (20, 0))
        self._take_off({(order, self.leek): 4})
        self.assertEqual((order.amount_total, card.points), (0, 20))
        self.assertSettled(order)
        self._take_off({(order, self.leek): 1})
        self.assertEqual((order.amount_total, card.points), (0, 30))
        self.assertMoney(order, 20, 20, 0)
        self.assertSettled(order)

    def test_gift_card_shares_in_the_lower_price(self):
        card = self._create_gift_card(200)
        order = self._join(self.campaign, self.ann, {self.leek: 15})
        self._apply_code(order, card.code)
        order._validate_order()
        self.assertEqual((order.amount_total, card.points), (0, 50))
        self._buy(self.campaign, self.ben, {self.leek: 10})
        self._close(self.campaign)
        self.assertEqual((order.amount_total, card.points), (0, 65))

    # === POINTS === #

    def _earn(self, quantities):
        program = self._create_points_program(10)
        order = self._join(self.campaign, self.ann, quantities)
        order._update_programs_and_rewards()
        self._pay(order)
        self._close(self.campaign)
        card = self.env["loyalty.card"].search(
            [
                ("program_id", "=", program.id),
                ("partner_id", "=", self.ann.partner_id.id),
            ]
        )
        return order, card

    def test_points_earned_are_taken_back(self):
        order, card = self._earn({self.leek: 5, self.ginger: 2})
        self.assertEqual(card.points, 90)
        self._take_off({(order, self.leek): 2})
        self.assertEqual(card.points, 70)
        self.assertEqual(card.history_ids.issued, 70)
        self._take_off({(order, self.leek): 3, (order, self.ginger): 2})
        self.assertEqual(card.points, 0)
        self.assertSettled(order)

    def test_points_spent_meanwhile_leave_a_debt_that_blocks_nobody(self):
        order, card = self._earn({self.leek: 5})
        card.points -= 40
        self._take_off({(order, self.leek): 5})
        self.assertEqual(card.points, -40)
        campaign = self._create_campaign(self._example())
        later = self._join(campaign, self.ann, 2)
        later._update_programs_and_rewards()
        self._pay(later)
        self._close(campaign)
        self.assertEqual(later.state, "sale")
        self.assertEqual(card.points, -20)

    # === ALLOWANCES === #

    def test_allowance_gives_back_part_of_a_price(self):
        order = self._closed({self.leek: 5, self.ginger: 2})
        line = self._get_line(order, self.ginger)
        credit_note = order._groupbuy_allow(line, 3.33, "Wilted")
        self.assertEqual(credit_note.amount_total, 3.33)
        self.assertEqual(credit_note.invoice_line_ids.tax_ids, self.tax_9)
        self.assertEqual(order.amount_total, 86.67)
        self.assertSettled(order)
        order._groupbuy_allow(line, 1.67, "Wilted even more")
        self.assertEqual(order.amount_total, 85)
        self.assertSettled(order)

    def test_allowance_goes_with_its_pieces(self):
        order = self._closed({self.leek: 5, self.ginger: 2})
        order._groupbuy_allow(self._get_line(order, self.ginger), 10, "Wilted")
        self._take_off({(order, self.ginger): 1})
        self.assertEqual(order.amount_total, 65)
        self.assertSettled(order)
        self._take_off({(order, self.ginger): 1})
        self.assertEqual(order.amount_total, 50)
        self.assertSettled(order)

    def test_nobody_pays_again_after_a_generous_allowance(self):
        self._create_coupon_program(
            "LEEK",
            discount=50,
            discount_mode="percent",
            discount_applicability="specific",
            discount_product_ids=[Command.set(self.leek.ids)],
        )
        order = self._closed({self.leek: 5, self.ginger: 2}, code="LEEK")
        self.assertEqual(order.amount_total, 65)
        order._groupbuy_allow(self._get_line(order, self.leek), 40, "Spoiled")
        self.assertSettled(order)
        self._take_off({(order, self.leek): 5})
        self.assertEqual(order.amount_total, 25)
        self.assertSettled(order)
        self._take_off({(order, self.ginger): 1})
        self.assertEqual(order.amount_total, 5)
        self.assertSettled(order)
        self._take_off({(order, self.ginger): 1})
        self.assertSettled(order)
        self.assertMoney(order, 65, 65, 0)

    def test_allowance_is_above_nothing_and_at_most_the_price(self):
        order = self._closed({self.leek: 5, self.ginger: 2})
        line = self._get_line(order, self.ginger)
        for amount in (0, -1, 40.01, 1e9):
            with self.assertRaises(UserError):
                order._groupbuy_allow(line, amount, "Wilted")
        order._groupbuy_allow(line, 30, "Wilted")
        with self.assertRaises(UserError):
            order._groupbuy_allow(line, 10.01, "Wilted")
        self.assertSettled(order)


@tagged("post_install", "-at_install")
class TestTakeOffShop(GroupbuyCommon):
    """Orders of the ordinary shop that are collected at a pickup point."""

    def setUp(self):
        super().setUp()
        self.order = self.env["sale.order"].create(
            {
                "partner_id": self.ann.partner_id.id,
                "pickup_point_id": self.point.id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.leek.id,
                            "product_uom_qty": 5,
                            "price_unit": 9.99,
                        }
                    )
                ],
            }
        )
        self._pay(self.order)
        self.assertEqual(self.order.state, "sale")

    def _take_off(self, pieces):
        line = self.order.order_line
        credit_notes = self.order._groupbuy_take_off({line: pieces}, "Short")
        self._run_jobs()
        return credit_notes

    def _invoice(self):
        invoice = self.order._create_invoices(final=True)
        invoice.action_post()
        self.order._groupbuy_reconcile()

    def test_before_the_invoice(self):
        self.leek.invoice_policy = "order"
        self.assertFalse(self._take_off(2))
        self.assertEqual(self.order.amount_total, 29.97)
        self.assertEqual(self.order.order_line.price_unit, 9.99)
        self.assertEqual(self._get_refunded(self.order), 19.98)
        self._invoice()
        self.assertSettled(self.order)

    def test_after_the_invoice(self):
        self.leek.invoice_policy = "order"
        self.order.order_line._compute_qty_to_invoice()
        self._invoice()
        self.assertSettled(self.order)
        self.assertEqual(self._take_off(2).amount_total, 19.98)
        self.assertSettled(self.order)
        self._take_off(3)
        self.assertSettled(self.order)
        self.assertEqual(self.order.groupbuy_status, "refunded")

    def test_refund_that_fails_is_tried_again(self):
        self.bank.error = ValueError("The bank is closed.")
        with mute_logger("odoo.addons.community_groupbuy.models.payment_transaction"):
            self._take_off(2)
        self.assertEqual(self._get_refunds(self.order).state, "error")
        self.bank.error = None
        with self._later(minutes=10):
            self._sweep()
        self.assertEqual(self._get_refunded(self.order), 19.98)
