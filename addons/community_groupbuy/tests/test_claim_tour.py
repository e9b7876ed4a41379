from odoo.tests import tagged

from .browser_common import BrowserCommon
from .test_claim import ClaimCommon, photo


@tagged("post_install", "-at_install")
class TestClaimTour(ClaimCommon, BrowserCommon):
    def test_operator_decides_about_a_request(self):
        order = self._receive()
        claim = self._claim(order, self.leek, 2, note="Wilted", photos=[photo()])
        self.start_tour(
            "/odoo/action-community_groupbuy.groupbuy_claim_action",
            "groupbuy_claim_decide",
            login="gb_operator",
        )
        self.env.invalidate_all()
        self.assertEqual((claim.state, claim.refund_amount), ("done", 10))
        # The trapped job lives in the browser's request, which is over: the sweep
        # takes the refund up again.
        self.jobs.enqueued_jobs = []
        with self._later(minutes=5):
            self._sweep()
            self.assertSettled(order)
