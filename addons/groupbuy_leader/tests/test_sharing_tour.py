from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from .sharing_common import SharingCommon


@tagged("post_install", "-at_install")
class TestSharingTour(SharingCommon):
    """Leaders and neighbours with a phone in their hand."""

    browser_size = "390x844"
    touch_enabled = True

    def test_a_leader_runs_a_campaign_and_shares_it(self):
        origin = self._create_campaign(
            self._example(),
            self._offer(self.ginger, 18),
            name="Harvest",
            leader_open=True,
            date_close=fields.Datetime.now() + timedelta(days=5),
        )
        self.start_tour(
            "/my/leader/campaigns",
            "groupbuy_leader_runs_campaign",
            login=self.ann.login,
        )
        campaign = origin.leader_campaign_ids
        self.assertEqual(campaign.leader_id, self.leader)
        self.assertEqual(campaign.name, "Ann's harvest")
        self.assertEqual(campaign.offer_ids.product_id, self.leek)
        self.assertEqual(campaign.pickup_point_ids, self.point)

    def test_a_neighbour_follows_and_orders_by_way_of_the_page(self):
        self.start_tour(
            "/my/leader/share", "groupbuy_leader_tells", login=self.ann.login
        )
        self.assertEqual(self.leader.page_name, "Aunt Ann")
        self.start_tour(
            self.leader._get_share_path(),
            "groupbuy_leader_page",
            login=self.cem.login,
        )
        self.assertEqual(self.leader.follower_ids, self.cem.partner_id)
        order = self.campaign.order_ids
        self.assertEqual(order.partner_id, self.cem.partner_id)
        self.assertEqual(order.groupbuy_referrer_id, self.leader)
