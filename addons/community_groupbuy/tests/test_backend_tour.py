from odoo.tests import new_test_user, tagged

from .browser_common import BrowserCommon
from .common import GroupbuyCommon


@tagged("post_install", "-at_install")
class TestBackendTour(GroupbuyCommon, BrowserCommon):
    def _tour(self, url, tour):
        self.start_tour(url, tour, login="gb_tour_operator")

    def test_operator_creates_publishes_and_closes_a_campaign(self):
        new_test_user(
            self.env,
            login="gb_tour_operator",
            groups="base.group_user,community_groupbuy.group_operator",
        )
        product = self._create_product("Tour leeks", 10)
        self._tour("/odoo/group-buying", "groupbuy_backend_create")
        campaign = self.env["groupbuy.campaign"].search(
            [("name", "=", "Leeks for the tour")]
        )
        self.assertEqual((campaign.state, campaign.offer_ids.quota), ("open", 60))
        self.assertEqual(campaign.offer_ids.product_id, product)
        first = self._buy(campaign, self.ann, 15)
        second = self._buy(campaign, self.ben, 10)
        self._tour("/odoo/group-buying", "groupbuy_backend_close")
        self.env.invalidate_all()
        self.assertEqual(campaign.state, "closing")
        # The trapped job lives in the browser's request, which is over: the sweep takes
        # the closing up again.
        self.jobs.enqueued_jobs = []
        campaign._sweep_closing()
        self._run_jobs()
        self.assertEqual(campaign.state, "succeeded")
        self._tour(f"/odoo/group-buys/{campaign.id}", "groupbuy_backend_closed")
        self.assertMoney(first, 135, 7.5)
        self.assertMoney(second, 85, 0)
