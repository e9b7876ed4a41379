from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.community_groupbuy.models import groupbuy_campaign_closing

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestClosing(GroupbuyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.campaign = cls._create_campaign(cls._example())
        cls.offer = cls.campaign.offer_ids

    def _run_one_job(self):
        """Run the first job that waits, only that one."""
        self._revive_jobs()
        jobs = self.jobs.enqueued_jobs
        self.jobs.enqueued_jobs = jobs[:1]
        self.jobs.perform_enqueued_jobs()
        self.jobs.enqueued_jobs += jobs[1:]
        self.env.invalidate_all()

    def test_closing_is_a_job_of_its_channel_once(self):
        self.campaign.action_close()
        self.assertEqual(self.campaign.state, "closing")
        [call] = self.jobs.calls
        self.assertEqual(call.method.__name__, "_continue_closing")
        self.assertEqual(call.properties["channel"], "root.groupbuy")
        self._sweep_only_enqueues()
        self.assertEqual(len(self.jobs.enqueued_jobs), 1)

    def _sweep_only_enqueues(self):
        self.env["groupbuy.campaign"]._sweep_closing()

    def test_orders_are_closed_in_chunks(self):
        orders = self.env["sale.order"]
        for user in self.residents:
            orders += self._buy(self.campaign, user, 5)
        with patch.object(groupbuy_campaign_closing, "CLOSE_CHUNK", 2):
            self.campaign.action_close()
            self._run_one_job()
            self.assertEqual(self.campaign.outcome, "success")
            chunks = [
                job
                for job in self.jobs.enqueued_jobs
                if job.method_name == "_close_orders"
            ]
            self.assertEqual(len(chunks), 3)
            self.assertEqual({job.channel for job in chunks}, {"root.groupbuy"})
            self.assertEqual(len({job.identity_key for job in chunks}), 3)
            self._run_one_job()
            self.assertEqual(orders.mapped("state").count("sale"), 2)
            self.assertEqual(self.campaign.pending_count, 4)
            self.assertAlmostEqual(self.campaign.closing_progress, 100 / 3, 0)
            self.assertEqual(self.campaign.state, "closing")
            self._run_jobs()
        self.assertEqual(self.campaign.state, "succeeded")
        self.assertEqual(set(orders.mapped("state")), {"sale"})
        self.assertOnePrice(self.campaign)

    def test_every_step_may_run_again(self):
        first = self._buy(self.campaign, self.ann, 15)
        self._buy(self.campaign, self.ben, 10)
        self._close(self.campaign)
        state = (first.invoice_ids, first.picking_ids, self._get_refunds(first))
        for _again in range(2):
            self.campaign._continue_closing()
            self.campaign._close_orders(first)
            first._groupbuy_close()
            first._groupbuy_refund_surplus()
            self.campaign._close_orders(self.campaign.order_ids)
            self._run_jobs()
        self.assertEqual(
            (first.invoice_ids, first.picking_ids, self._get_refunds(first)), state
        )
        self.assertMoney(first, 150, 15, 135)

    def test_outcome_is_fixed_once(self):
        self._buy(self.campaign, self.ann, 15)
        self._buy(self.campaign, self.ben, 10)
        self.campaign.action_close()
        self._run_one_job()
        self.assertEqual(self.offer.final_price, 9)
        with self.assertRaises(UserError):
            self._join(self.campaign, self.cem, 30)
        self.campaign._continue_closing()
        self.assertEqual((self.offer.final_price, self.offer.final_quantity), (9, 25))

    def test_every_step_goes_out_by_sms_if_wanted(self):
        self._buy(self.campaign, self.ben, 10)
        self.company.groupbuy_step_sms = True
        self._buy(self.campaign, self.ann, 15)
        self._close(self.campaign)
        messages = self.env["sms.sms"].search(
            [("partner_id", "in", (self.ann + self.ben).partner_id.ids)], order="id"
        )
        bodies = [(sms.partner_id.user_ids, sms.body) for sms in messages]
        self.assertEqual(len(bodies), 3)
        self.assertEqual(bodies[0][0], self.ann)
        self.assertIn("you are in", bodies[0][1])
        for user, body in bodies[1:]:
            amount = "135.00" if user == self.ann else "90.00"
            self.assertIn(amount, body)

    def test_one_broken_order_stops_no_other(self):
        broken = self._buy(self.campaign, self.ann, 15)
        other = self._buy(self.campaign, self.ben, 10)
        confirm = type(broken).action_confirm

        def fail(orders):
            if broken in orders:
                raise ValueError("No warehouse.")
            return confirm(orders)

        with (
            patch.object(type(broken), "action_confirm", fail),
            mute_logger("odoo.addons.community_groupbuy.models.sale_order_closing"),
        ):
            self._close(self.campaign)
        self.assertEqual((broken.state, other.state), ("sent", "sale"))
        self.assertEqual(broken.amount_total, 150, "nothing half-done is left")
        self.assertFalse(self._get_refunds(broken))
        self.assertEqual(self.campaign.state, "closing")
        self.assertEqual(self.campaign.pending_count, 1)
        self.assertEqual(len(broken.activity_ids), 1)
        self.assertIn("No warehouse", broken.activity_ids.summary)
        self.campaign.action_process_again()
        self._run_jobs()
        self.assertEqual(self.campaign.state, "succeeded")
        self.assertFalse(broken.activity_ids, "the operators need not look any more")
        self.assertMoney(broken, 150, 15, 135)
        self.assertMoney(other, 90, 0, 90)

    def test_one_broken_order_of_a_cancelled_campaign_stops_no_refund(self):
        broken = self._buy(self.campaign, self.ann, 15)
        other = self._buy(self.campaign, self.ben, 10)
        cancel = type(broken)._action_cancel

        def fail(orders):
            if broken in orders:
                raise ValueError("Locked.")
            return cancel(orders)

        with patch.object(type(broken), "_action_cancel", fail):
            self.campaign.action_cancel()
            self._run_jobs()
        self.assertMoney(other, 90, 90, 0)
        self.assertEqual(broken.state, "sent")
        self._sweep()
        self.assertMoney(broken, 150, 150, 0)

    def test_operator_without_a_bookkeepers_rights_closes(self):
        operator = new_test_user(
            self.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        ann = self._buy(self.campaign, self.ann, 15)
        self._buy(self.campaign, self.ben, 10)
        self.campaign.with_user(operator).action_close()
        self._run_jobs()
        self.assertEqual(self.campaign.state, "succeeded")
        self.assertMoney(ann, 150, 15, 135)

    def test_operator_without_a_bookkeepers_rights_cancels(self):
        operator = new_test_user(
            self.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        ann = self._buy(self.campaign, self.ann, 15)
        self.campaign.with_user(operator).action_cancel()
        self._run_jobs()
        self.assertMoney(ann, 150, 150, 0)

    def test_residents_are_told_how_it_ended(self):
        ann = self._buy(self.campaign, self.ann, 15)
        self._buy(self.campaign, self.ben, 10)
        self._close(self.campaign)
        self._run_cron("sale.send_pending_emails_cron")
        subjects = ann.message_ids.mapped("subject")
        self.assertTrue(
            any("The group made it" in (s or "") for s in subjects), subjects
        )

    def test_goods_leave_through_the_pickup_point(self):
        ann = self._buy(self.campaign, self.ann, 15)
        self._buy(self.campaign, self.ben, 10)
        self._close(self.campaign)
        move = ann.picking_ids.move_ids
        self.assertEqual(move.location_id, self.point.location_id)
        self.assertEqual(move.product_uom_qty, 15)
        transfer = move.move_orig_ids
        self.assertEqual(transfer.location_dest_id, self.point.location_id)
        self.assertEqual(sum(transfer.mapped("product_uom_qty")), 25)
