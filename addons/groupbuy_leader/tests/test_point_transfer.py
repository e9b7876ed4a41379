from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from .common import LeaderCommon


@tagged("post_install", "-at_install")
class TestPointTransfer(LeaderCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(
            cls.env, "gb_operator", groups="community_groupbuy.group_operator"
        )

    def _transfer(self, leader, **values):
        """Transfer East Gate by the operators' form."""
        action = self.point.with_user(self.operator).action_open_transfer()
        model = self.env[action["res_model"]].with_user(self.operator)
        with Form(model.with_context(**action["context"])) as form:
            form.leader_id = leader
            for name, value in values.items():
                setattr(form, name, value)
        form.record.action_confirm()

    def test_orders_belong_to_the_leader_of_their_day(self):
        first = self._buy_at((self.ann, {self.leek: 3}, self.point))
        self._arrive(first)
        self.point.hand_over(first.ids)
        self.assertEqual(first.groupbuy_status, "received")
        waiting = self._buy_at((self.ben, {self.leek: 3}, self.point))
        elsewhere = self._buy_at((self.cem, {self.leek: 3}, self.west))
        self._transfer(self.other_leader, reason="Dot moves away")
        self.assertEqual(self.point.leader_id, self.other_leader)
        self.assertEqual(first.groupbuy_leader_id, self.leader)
        self.assertEqual(waiting.groupbuy_leader_id, self.other_leader)
        self.assertEqual(elsewhere.groupbuy_leader_id, self.other_leader)
        self.assertTrue(self.point._can_be_run_by(self.eva))
        self.assertFalse(self.point._can_be_run_by(self.dot))
        for record in (self.point, self.leader, self.other_leader):
            self.assertIn("Dot moves away", record.message_ids[0].body)

    def test_open_orders_may_stay_with_the_old_leader(self):
        waiting = self._buy_at((self.ben, {self.leek: 3}, self.point))
        self._transfer(self.other_leader, move_orders=False)
        self.assertEqual(waiting.groupbuy_leader_id, self.leader)
        self.assertTrue(self.point._can_be_run_by(self.eva))
        later = self._buy_at((self.ann, {self.leek: 1}, self.point))
        self.assertEqual(later.groupbuy_leader_id, self.other_leader)

    def test_an_order_moved_to_another_point_follows_its_leader(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 3, point=self.point)
        self.assertEqual(order.groupbuy_leader_id, self.leader)
        order.with_user(self.ann).action_groupbuy_move_point(self.west.id)
        self.assertEqual(order.groupbuy_leader_id, self.other_leader)

    def test_a_point_may_be_left_without_a_leader(self):
        waiting = self._buy_at((self.ben, {self.leek: 3}, self.point))
        self._transfer(self.env["groupbuy.leader"])
        self.assertFalse(self.point.leader_id)
        self.assertFalse(waiting.groupbuy_leader_id)
        self.assertFalse(self.point._can_be_run_by(self.dot))

    def test_the_form_counts_what_is_open(self):
        orders = self._buy_at(
            (self.ann, {self.leek: 3}, self.point),
            (self.ben, {self.leek: 3}, self.point),
        )
        wizard = self.env["groupbuy.pickup.point.transfer"].create(
            {"point_ids": self.point.ids}
        )
        self.assertEqual(wizard.order_count, 2)
        self._arrive(orders)
        self.point.hand_over(orders[0].ids)
        wizard.invalidate_recordset(["order_count"])
        self.assertEqual(wizard.order_count, 1)

    def test_only_approved_leaders_of_the_company_take_points(self):
        point = self.point.with_user(self.operator)
        with self.assertRaisesRegex(UserError, "led like this already"):
            point.action_transfer(self.leader)
        self.other_leader.action_suspend("x")
        with self.assertRaisesRegex(UserError, "not an approved leader"):
            point.action_transfer(self.other_leader)
        company = self.env["res.company"].create({"name": "Elsewhere"})
        foreign = self._create_leader(self.fay, company_id=company.id)
        with self.assertRaisesRegex(UserError, "different companies"):
            self.point.action_transfer(foreign)

    def test_residents_and_leaders_transfer_nothing(self):
        for user in (self.ann, self.dot):
            with self.assertRaises(AccessError):
                self.point.with_user(user).action_transfer(self.other_leader)
