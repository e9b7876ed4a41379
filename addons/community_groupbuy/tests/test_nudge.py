from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestNudge(GroupbuyCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "groupbuy_nudge_hours": 3,
                "groupbuy_nudge_percent": 20,
                "groupbuy_nudge_sms": True,
            }
        )
        cls.nudge = cls.env.ref("community_groupbuy.mail_template_nudge")
        cls.campaign = cls._create_campaign(
            cls._example(), date_close=fields.Datetime.now() + timedelta(hours=2)
        )

    def _get_sms(self, *users):
        return self.env["sms.sms"].search(
            [("partner_id", "in", [user.partner_id.id for user in users])]
        )

    def assertNudged(self, *orders):
        for order in orders:
            self.assertEqual(order.pending_email_template_id, self.nudge)

    def test_everybody_hears_once_how_little_is_missing(self):
        first = self._buy(self.campaign, self.ann, 7)
        second = self._buy(self.campaign, self.ann, 4)
        other = self._buy(self.campaign, self.ben, 5)
        unpaid = self._join(self.campaign, self.cem, 1)
        gone = self._buy(self.campaign, self.dot, 1)
        gone.with_user(self.dot).action_groupbuy_cancel()
        self._sweep()
        self.assertTrue(self.campaign.nudged)
        self.assertNudged(second, other)
        for order in first + unpaid + gone:
            self.assertNotEqual(order.pending_email_template_id, self.nudge)
        sms = self._get_sms(*self.residents)
        self.assertEqual(sms.partner_id, (self.ann + self.ben).partner_id)
        self.assertEqual(len(sms), 2)
        self.assertIn("Leeks: 4 more for", sms[0].body)
        self._run_cron("sale.send_pending_emails_cron")
        mail = other.message_ids.filtered(
            lambda mail: "So close" in (mail.subject or "")
        )
        self.assertEqual(len(mail), 1)
        self.assertIn("4 more for", mail.subject)
        self.assertIn("9.00", mail.subject)
        self._sweep()
        self.assertFalse((first + second + other).pending_email_template_id)
        self.assertEqual(len(self._get_sms(*self.residents)), 2)

    def test_nobody_is_nudged_without_a_reason(self):
        self._buy(self.campaign, self.ann, 15)
        self._sweep()
        self.assertFalse(self.campaign.nudged, "5 of 20 are more than 20 %")
        self._buy(self.campaign, self.ben, 1)
        self.company.groupbuy_nudge_hours = 1
        self._sweep()
        self.assertFalse(self.campaign.nudged, "two hours are left, not one")
        self.company.groupbuy_nudge_hours = 0
        with self._later(minutes=119):
            self._sweep()
        self.assertFalse(self.campaign.nudged, "0 is never")
        self.company.groupbuy_nudge_hours = 3
        self._sweep()
        self.assertTrue(self.campaign.nudged)

    def test_sms_only_if_so_set(self):
        self.company.groupbuy_nudge_sms = False
        order = self._buy(self.campaign, self.ann, 16)
        self._sweep()
        self.assertNudged(order)
        self.assertFalse(self._get_sms(self.ann))

    def test_nothing_to_nudge_for_in_the_last_tier(self):
        self._buy(self.campaign, self.ann, 50)
        self._sweep()
        self.assertFalse(self.campaign.nudged)
