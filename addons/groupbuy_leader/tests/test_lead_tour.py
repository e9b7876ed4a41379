from odoo.tests import tagged

from odoo.addons.community_groupbuy.tests.browser_common import BrowserCommon

from .test_application import ApplicationCommon


@tagged("post_install", "-at_install")
class TestLeadTour(ApplicationCommon):
    """A resident applies, with a phone in the hand."""

    browser_size = "390x844"
    touch_enabled = True

    def test_a_resident_applies_by_phone(self):
        self.point.write({"latitude": 36.65, "longitude": 117.0})
        self.start_tour("/groupbuy/lead", "groupbuy_lead_apply", login=self.ann.login)
        application = self._get_application(self.ann)
        self.assertEqual(application.state, "applied")
        self.assertAlmostEqual(application.latitude, 36.65, 1)
        self.assertTrue(application.photo_ids)


@tagged("post_install", "-at_install")
class TestLeadDecisionTour(ApplicationCommon, BrowserCommon):
    def test_an_operator_decides(self):
        application = self._apply(self.ann)
        self.start_tour(
            "/odoo/action-groupbuy_leader.groupbuy_leader_application_action",
            "groupbuy_lead_approve",
            login="gb_operator",
        )
        self.assertEqual(application.state, "approved")
        self.assertEqual(application.point_ids.name, "South Kiosk")
