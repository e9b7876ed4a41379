from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .handover_common import HandoverCommon


@tagged("post_install", "-at_install")
class TestUncollected(HandoverCommon):
    def setUp(self):
        super().setUp()
        now = fields.Datetime.now()
        self.campaign = self._create_campaign(
            self._example(),
            self._offer(self.ginger, 18),
            pickup_date=now + timedelta(days=3),
            pickup_deadline=now + timedelta(days=5),
        )
        self.orders = self._buy_at(
            (self.ann, {self.leek: 2, self.ginger: 1}, self.point),
            (self.ben, {self.leek: 3}, self.point),
            (self.cem, {self.leek: 4}, self.west),
            campaign=self.campaign,
        )
        self.order, self.second, self.foreign = self.orders

    def _remind(self):
        self.env.invalidate_all()
        before = {order: order.groupbuy_reminded_for for order in self.orders}
        self._run_cron("community_groupbuy.uncollected_cron")
        return self.orders.filtered(
            lambda order: order.groupbuy_reminded_for != before[order]
        )

    def _has_mail(self, order, template):
        xmlid = f"community_groupbuy.{template}"
        return order.pending_email_template_id == self.env.ref(xmlid)

    # === UNTIL WHEN === #

    def test_until_the_date_of_the_campaign(self):
        self.assertFalse(self.order.groupbuy_collect_until)
        self._arrive(self.orders)
        self.assertEqual(
            self.order.groupbuy_collect_until, self.campaign.pickup_deadline
        )
        later = self.campaign.pickup_deadline + timedelta(days=1)
        self.campaign.pickup_deadline = later
        self.assertEqual(self.order.groupbuy_collect_until, later)

    def test_goods_that_come_late_wait_their_days(self):
        self.company.groupbuy_collect_days = 2
        with self._later(days=6):
            self._arrive(self.orders)
            self.assertEqual(
                self.order.groupbuy_collect_until,
                fields.Datetime.now() + timedelta(days=2),
            )

    # === REMIND === #

    def test_reminded_once_on_the_last_day(self):
        self._arrive(self.orders)
        self.point.with_user(self.env.ref("base.user_admin")).hand_over(self.second.ids)
        with self._later(days=3):
            self.assertFalse(self._remind())
        with self._later(days=4, hours=1):
            self.assertEqual(self._remind(), self.order + self.foreign)
            self.assertTrue(self._has_mail(self.order, "mail_template_last_day"))
            self.assertFalse(self._remind())
        with self._later(days=6):
            self.assertFalse(self._remind())

    def test_reminded_again_for_another_date(self):
        self._arrive(self.orders)
        with self._later(days=4, hours=1):
            self._remind()
            self.campaign.pickup_deadline += timedelta(days=2)
            self.assertFalse(self._remind())
        with self._later(days=6, hours=1):
            self.assertEqual(self._remind(), self.orders)

    def test_not_reminded_just_after_the_goods_have_come(self):
        with self._later(days=4, hours=12):
            self._arrive(self.orders)
            self.assertFalse(self._remind())
        with self._later(days=4, hours=16):
            self.assertEqual(self._remind(), self.orders)

    def test_reminder_says_where_and_how(self):
        self._arrive(self.orders)
        template = self.env.ref("community_groupbuy.mail_template_last_day")
        mail = self.env["mail.mail"].browse(template.send_mail(self.order.id))
        self.assertIn(self.order.groupbuy_pickup_code, mail.body_html)
        self.assertIn("East Gate", mail.subject)
        sms = self.env.ref("community_groupbuy.sms_template_last_day")
        body = sms._render_field("body", self.order.ids)[self.order.id]
        self.assertIn(self.order.groupbuy_pickup_code, body)

    # === RETURN === #

    def _get_returns(self):
        return self.env["stock.picking"].search(
            [
                ("groupbuy_kind", "=", "return"),
                ("pickup_point_id", "in", (self.point + self.west).ids),
            ]
        )

    def test_refused_while_it_can_be_collected(self):
        with self.assertRaisesRegex(UserError, "does not wait"):
            self.orders.action_groupbuy_return()
        self._arrive(self.orders)
        with self.assertRaisesRegex(UserError, "can still be collected"):
            self.orders.action_groupbuy_return()
        with self._later(days=6), self.assertRaises(AccessError):
            self.orders.with_user(self.ann).action_groupbuy_return()
        with self.assertRaises(AccessError):
            self.orders.with_user(self.ann).action_groupbuy_send_again()
        self.assertFalse(self._get_returns())

    def test_returned_and_refunded(self):
        self._arrive(self.orders)
        self.point.with_user(self.env.ref("base.user_admin")).hand_over(self.second.ids)
        self.env.flush_all()
        with self._later(days=6):
            self.env.invalidate_all()
            self.assertTrue(self.order.groupbuy_late)
            (self.order + self.foreign).action_groupbuy_return()
            self._run_jobs()
            returns = self._get_returns()
            self.assertEqual(len(returns), 2, "one per point")
            self.assertEqual(set(returns.mapped("state")), {"assigned"})
            stock = self._get_quantity(self.leek, self.warehouse.lot_stock_id)
            returns.button_validate()
            self.assertEqual(set(returns.mapped("state")), {"done"})
            for order, amount in ((self.order, 38), (self.foreign, 40)):
                self.assertEqual(order.groupbuy_status, "refunded")
                self.assertMoney(order, amount, amount)
            self.assertEqual(
                self._get_quantity(self.leek, self.warehouse.lot_stock_id), stock + 6
            )
            self.assertFalse(self._get_quantity(self.leek, self.point.location_id))
            self.assertFalse(self._get_quantity(self.ginger, self.point.location_id))
            with self.assertRaisesRegex(UserError, "does not wait"):
                self.order.action_groupbuy_return()
            [result] = self.point.with_user(self.env.ref("base.user_admin")).hand_over(
                self.order.ids
            )
            self.assertEqual(result["reason"], "cancelled")
        self.assertEqual(self.second.groupbuy_status, "received")

    def test_returned_and_kept_until_sent_again(self):
        self.company.groupbuy_uncollected_rule = "keep"
        self._arrive(self.orders)
        code = self.order.groupbuy_pickup_code
        with self._later(days=6):
            self.env.invalidate_all()
            self.orders.action_groupbuy_return()
            self.assertEqual(set(self.orders.mapped("groupbuy_status")), {"to_ship"})
            self.assertTrue(self.order.activity_ids)
            self.assertTrue(self._has_mail(self.order, "mail_template_kept"))
            returns = self._get_returns()
            self.assertEqual(len(returns), 2)
            returns.button_validate()
            self.assertFalse(self._get_quantity(self.leek, self.point.location_id))
            self.assertMoney(self.order, 38, 0)
            self.order.action_groupbuy_send_again()
            with self.assertRaisesRegex(UserError, "not kept"):
                self.order.action_groupbuy_send_again()
            self._arrive(self.order)
            self.assertEqual(self.order.groupbuy_status, "ready")
            self.assertEqual(self.order.groupbuy_pickup_code, code)
            self.assertEqual(
                self.order.groupbuy_collect_until,
                fields.Datetime.now() + timedelta(days=3),
            )
            [result] = self.point.with_user(self.env.ref("base.user_admin")).hand_over(
                [code]
            )
            self.assertEqual(result["state"], "done")
            self.assertEqual(self.second.groupbuy_status, "to_ship")
