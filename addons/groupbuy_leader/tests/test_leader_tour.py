from odoo.tests import tagged

from .portal_common import LeaderPortalCommon


@tagged("post_install", "-at_install")
class TestLeaderTour(LeaderPortalCommon):
    """A leader's day on a phone."""

    browser_size = "390x844"
    touch_enabled = True

    def test_from_a_delivery_to_the_rest(self):
        campaign = self._create_campaign(self._example())
        orders = self._buy_at(
            (self.ann, {self.leek: 2}, self.point),
            (self.ben, {self.leek: 3}, self.point),
            (self.cem, {self.leek: 4}, self.point),
            campaign=campaign,
        )
        # Of the others nothing has left.
        self._dispatch(orders)
        self.start_tour("/my/leader", "groupbuy_leader_day", login=self.dot.login)
        self.env.invalidate_all()
        self.assertEqual(
            orders.mapped("groupbuy_status"), ["received", "ready", "received"]
        )
        # Who joined last lost the piece that was missing.
        self.assertEqual(orders[2].order_line.product_uom_qty, 3)
        self.assertTrue(self.point.resting)
        self.assertEqual(self.point.substitute_id, self.other_leader)
        message = self.leader.env["groupbuy.leader.message"].search([])
        self.assertEqual(message.recipient_ids.partner_id, self.ben.partner_id)
