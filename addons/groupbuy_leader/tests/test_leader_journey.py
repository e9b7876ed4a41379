from odoo.tests import new_test_user, tagged

from .portal_common import LeaderPortalCommon


@tagged("post_install", "-at_install")
class TestLeaderJourney(LeaderPortalCommon):
    """From the application to the first money, on a phone."""

    browser_size = "390x844"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.write(
            {
                "groupbuy_service_rate": 10,
                "groupbuy_referral_rate": 0,
                "groupbuy_claim_days": 0,
                "groupbuy_settlement_minimum": 0,
                "groupbuy_payout_minimum": 1,
            }
        )
        cls.env["groupbuy.commission.rule"].search([]).active = False
        cls.company._groupbuy_ensure_books()
        cls.operator = new_test_user(
            cls.env, "gb_operator", groups="community_groupbuy.group_operator"
        )
        cls.point.write({"latitude": 36.65, "longitude": 117.0})

    def test_from_the_application_to_the_first_money(self):
        self.start_tour("/groupbuy/lead", "groupbuy_lead_apply", login=self.fay.login)
        application = self.env["groupbuy.leader"].search(
            [("partner_id", "=", self.fay.partner_id.id)]
        )
        self.assertEqual(application.state, "applied")
        # The operators' own pages have a tour of their own.
        application.with_user(self.operator).action_approve()
        orders = self._sell(application.point_ids)
        self.start_tour("/my/leader", "groupbuy_leader_day", login=self.fay.login)
        self.env.invalidate_all()
        self.assertEqual(
            orders.mapped("groupbuy_status"), ["received", "ready", "received"]
        )
        self._settle()
        self.start_tour(
            "/my/leader/money", "groupbuy_leader_money", login=self.fay.login
        )
        payout = self.env["groupbuy.payout"].search(
            [("payee_id", "=", self.fay.partner_id.id)]
        )
        self.assertEqual((payout.state, payout.amount), ("requested", 5))

    def _sell(self, point):
        """:return: orders at the new point, on their way there"""
        orders = self._buy_at(
            (self.ann, {self.leek: 2}, point),
            (self.ben, {self.leek: 3}, point),
            (self.cem, {self.leek: 4}, point),
            campaign=self._create_campaign(self._example()),
        )
        self._dispatch(orders)
        return orders

    def _settle(self):
        self._run_cron("groupbuy_payment.split_cron")
        with self._later(days=2):
            self.env["groupbuy.settlement"]._settle(
                self.company, self.company._get_groupbuy_date()
            )
