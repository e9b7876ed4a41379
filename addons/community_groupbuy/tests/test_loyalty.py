from odoo.fields import Command
from odoo.tests import tagged

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestLoyalty(GroupbuyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(cls._example())
        cls.coupons = cls.env["loyalty.program"].create(
            {
                "name": "Ten off",
                "program_type": "coupons",
                "trigger": "with_code",
                "applies_on": "current",
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_mode": "per_order",
                            "discount": 10,
                            "discount_applicability": "order",
                            "required_points": 1,
                        }
                    )
                ],
            }
        )
        cls.coupon = cls.env["loyalty.card"].create(
            {"program_id": cls.coupons.id, "points": 1}
        )
        cls.points = cls._create_points_program(100)

    def _get_card(self, user):
        return self.env["loyalty.card"].search(
            [
                ("program_id", "=", self.points.id),
                ("partner_id", "=", user.partner_id.id),
            ]
        )

    # === COUPONS === #

    def test_coupon_is_used_up_at_payment(self):
        order = self._join(self.campaign, self.ann, 5)
        self._apply_code(order, self.coupon.code)
        self.assertEqual(order.amount_total, 40)
        self.assertEqual(self.coupon.points, 1)
        self._pay(order)
        self.assertEqual(self.coupon.points, 0)
        second = self._join(self.campaign, self.ben, 5)
        self.assertIn("error", second._try_apply_code(self.coupon.code))

    def test_coupon_in_two_waiting_orders_pays_one(self):
        first = self._join(self.campaign, self.ann, 5)
        second = self._join(self.campaign, self.ben, 5)
        for order in (first, second):
            self._apply_code(order, self.coupon.code)
        payment = self._create_payment(second)
        self._pay(first)
        payment._set_done()
        payment._post_process()
        self._run_jobs()
        self.assertEqual(first.state, "sent")
        self.assertEqual((second.state, second.groupbuy_cancel_reason),
                         ("cancel", "late"))  # fmt: skip
        self.assertMoney(second, 40, 40, 0)
        self.assertEqual(self.coupon.points, 0)
        self.assertEqual(self.campaign.offer_ids.paid_quantity, 5)
        self.assertEqual(self._get_holds(second).state, "cancelled")
        self._close(self.campaign)
        self.assertEqual(self.campaign.state, "succeeded")
        self.assertMoney(first, 40, 0, 40)
        self.assertEqual(self.coupon.points, 0)

    def test_coupon_comes_back_with_the_money(self):
        order = self._buy(self.campaign, self.ann, 5, code=self.coupon.code)
        self.assertEqual(self.coupon.points, 0)
        order.with_user(self.ann).action_groupbuy_cancel()
        self.assertEqual(self.coupon.points, 1)
        again = self._buy(self.campaign, self.ann, 5, code=self.coupon.code)
        self.assertEqual(again.amount_total, 40)
        self._close(self.campaign)
        self.assertEqual(self.coupon.points, 0)

    def test_coupon_comes_back_when_the_campaign_fails(self):
        self.campaign.write({"goal_type": "quantity", "goal_value": 50})
        order = self._buy(self.campaign, self.ann, 5, code=self.coupon.code)
        self._close(self.campaign)
        self.assertEqual(self.campaign.state, "failed")
        self.assertEqual(self.coupon.points, 1)
        self.assertMoney(order, 40, 40, 0)

    def test_coupon_is_not_charged_again_at_closing(self):
        self.coupon.points = 3
        order = self._buy(self.campaign, self.ann, 5, code=self.coupon.code)
        self.assertEqual(self.coupon.points, 2)
        self._close(self.campaign)
        self.assertEqual(order.state, "sale")
        self.assertEqual(self.coupon.points, 2)

    def test_join_that_a_coupon_pays_whole_takes_part(self):
        self.coupons.reward_ids.discount = 50
        order = self._join(self.campaign, self.ann, 5)
        self._apply_code(order, self.coupon.code)
        self.assertEqual(order.amount_total, 0)
        order._validate_order()
        self.assertEqual(order.state, "sent")
        self.assertEqual(self.coupon.points, 0)
        self._close(self.campaign)
        self.assertEqual(order.state, "sale")
        self.assertEqual(order.amount_total, 0)

    def test_nothing_is_free_without_a_coupon(self):
        order = self._join(self.campaign, self.ann, 5)
        order._validate_order()
        self.assertEqual(order.state, "draft")
        self.assertEqual(self._get_holds(order).state, "held")

    # === POINTS === #

    def test_points_are_earned_at_closing_on_the_final_price(self):
        order = self._join(self.campaign, self.ann, 15)
        order._update_programs_and_rewards()
        self._pay(order)
        self._buy(self.campaign, self.ben, 10)
        self.assertFalse(sum(self._get_card(self.ann).mapped("points")))
        self._close(self.campaign)
        self.assertEqual(order.amount_total, 135)
        self.assertEqual(self._get_card(self.ann).points, 135)

    def test_points_of_an_order_that_failed_are_not_earned(self):
        self.campaign.write({"goal_type": "quantity", "goal_value": 50})
        order = self._join(self.campaign, self.ann, 15)
        order._update_programs_and_rewards()
        self._pay(order)
        self._close(self.campaign)
        self.assertFalse(sum(self._get_card(self.ann).mapped("points")))

    def test_points_spent_come_back_when_cancelled(self):
        card = self.env["loyalty.card"].create(
            {
                "program_id": self.points.id,
                "partner_id": self.ann.partner_id.id,
                "points": 150,
            }
        )
        order = self._join(self.campaign, self.ann, 5)
        order._update_programs_and_rewards()
        order._apply_program_reward(self.points.reward_ids, card)
        self.assertEqual(order.amount_total, 45)
        self._pay(order)
        self.assertEqual(card.points, 50)
        order.with_user(self.ann).action_groupbuy_cancel()
        self.assertEqual(card.points, 150)
