from lxml import etree

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from .common import IDENTITIES
from .test_application import ApplicationCommon


@tagged("post_install", "-at_install")
class TestDecision(ApplicationCommon):
    def _get_subjects(self, leader):
        return leader.message_ids.mapped("subject")

    def _decide(self, leader, step, reason, **values):
        """Decide by the operators' form."""
        action = {"more_info": "ask", "rejected": "reject", "suspended": "suspend"}[
            step
        ]
        context = {
            "active_ids": leader.ids,
            "default_leader_ids": leader.ids,
            "default_step": step,
        }
        self.assertTrue(
            self.env.ref(f"groupbuy_leader.groupbuy_leader_{action}_action")
        )
        model = self.env["groupbuy.leader.reason"].with_user(self.operator)
        with Form(model.with_context(**context)) as form:
            form.reason = reason
            for name, value in values.items():
                setattr(form, name, value)
        form.record.action_confirm()

    def test_approval_makes_user_point_and_location_in_one_step(self):
        application = self._apply(self.ann)
        application.with_user(self.operator).action_approve()
        point = application.point_ids
        self.assertRecordValues(
            point,
            [
                {
                    "name": "South Kiosk",
                    "street": "2 Spring Road",
                    "district": "Lixia",
                    "city": "Jinan",
                    "latitude": 36.651,
                    "longitude": 117.12,
                    "opening_hours": "16:00–20:00",
                    "phone": "+8613800002000",
                    "company_id": self.company.id,
                }
            ],
        )
        self.assertTrue(point.location_id)
        self.assertTrue(point.image_128)
        self.assertTrue(self.ann.has_group("groupbuy_leader.group_leader"))
        self.assertFalse(self.ann._is_internal())
        self.assertTrue(point._can_be_run_by(self.ann))
        self.assertFalse(point._can_be_run_by(self.dot))
        self.assertEqual(self.ann._groupbuy_get_leader(), application)
        self.assertTrue(self.ann.partner_id._groupbuy_is_payee(self.company))
        self.assertEqual(application.decided_by_id, self.operator)
        self.assertIn(
            "Welcome, your pickup point is open", self._get_subjects(application)
        )
        self.assertIn("You are a leader", self.url_open("/groupbuy/lead").text)
        with self.assertRaisesRegex(UserError, "cannot be decided any more"):
            application.with_user(self.operator).action_approve()
        self.assertEqual(len(application.point_ids), 1)

    def test_the_dashboard_counts_who_waits(self):
        def count():
            dashboard = self.env["groupbuy.campaign"].with_user(self.operator)
            tiles = dashboard.get_dashboard()["tiles"]
            tile = next(tile for tile in tiles if tile["name"] == "leaders")
            self.assertEqual(tile["action"]["res_model"], "groupbuy.leader")
            return tile["count"]

        before = count()
        application = self._apply(self.ann)
        self.assertEqual(count(), before + 1)
        application.action_approve()
        self.assertEqual(count(), before)

    def test_the_map_shows_who_leads_where(self):
        self.point.write({"latitude": 36.65, "longitude": 117.0})
        model = self.env["groupbuy.leader"]
        points = model.with_user(self.operator).get_map_points()
        own = next(point for point in points if point["id"] == self.point.id)
        self.assertEqual((own["leader_id"], own["latitude"]), (self.leader.id, 36.65))
        for user in (self.ann, self.dot):
            with self.assertRaises(AccessError):
                model.with_user(user).get_map_points()

    def test_whoever_has_no_account_gets_one(self):
        partner = self.env["res.partner"].create({"name": "Gil"})
        leader = (
            self.env["groupbuy.leader"]
            .with_user(self.operator)
            .create(
                {
                    "name": "Gil",
                    "partner_id": partner.id,
                    "phone": "053112345678",
                    "identity_number": IDENTITIES[2],
                    "point_name": "Gil's",
                }
            )
        )
        self.assertEqual(leader.phone, "+8653112345678")
        with self.assertRaisesRegex(UserError, "Write the e-mail address"):
            leader.action_approve()
        partner.email = self.ann.login
        self.ann.login = "taken@example.com"
        partner.email = "taken@example.com"
        with self.assertRaisesRegex(UserError, "Somebody else signs in"):
            leader.action_approve()
        partner.email = "Gil <gil@example.com>"
        leader.action_approve()
        self.assertEqual(leader.user_id.login, "gil@example.com")
        self.assertTrue(leader.user_id._is_portal())
        self.assertTrue(leader.user_id.has_group("groupbuy_leader.group_leader"))

    def test_a_colleagues_account_is_no_leaders(self):
        colleague = new_test_user(self.env, "gb_colleague", groups="base.group_user")
        leader = self.env["groupbuy.leader"].create(
            {
                "name": "Colleague",
                "partner_id": colleague.partner_id.id,
                "phone": "13800003000",
                "identity_number": IDENTITIES[2],
                "point_name": "Office",
            }
        )
        with self.assertRaisesRegex(UserError, "a colleague's account"):
            leader.with_user(self.operator).action_approve()

    def test_nobody_leads_with_a_card_that_leads_already(self):
        application = self._apply(self.ann)
        second = self._apply(
            self.ben, identity_number=IDENTITIES[1], phone="13800002001"
        )
        with self.assertRaisesRegex(ValidationError, "This identity number belongs"):
            second.with_user(self.operator).identity_number = IDENTITIES[0]
        self.env.cr.execute(
            "UPDATE groupbuy_leader SET identity_masked = %s, "
            "identity_number_sealed = %s WHERE id = %s",
            [
                application.identity_masked,
                application.identity_number_sealed,
                second.id,
            ],
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(ValidationError, "This identity number belongs"):
            second.with_user(self.operator).action_approve()

    def test_asked_for_more_then_approved(self):
        application = self._apply(self.ann)
        photos = application.photo_ids
        self._decide(application, "more_info", "Where exactly is the door?")
        self.assertEqual(application.state, "more_info")
        self.assertIn(
            "Your application as a leader: we need something more",
            self._get_subjects(application),
        )
        page = self.url_open("/groupbuy/lead").text
        self.assertIn("Where exactly is the door?", page)
        self.assertIn('value="South Kiosk"', page)
        self._send(photos=[], identity_number="", street="2 Spring Road, rear")
        self.assertEqual(application.state, "applied")
        self.assertEqual(application.street, "2 Spring Road, rear")
        self.assertEqual(application.identity_number, IDENTITIES[0])
        self.assertEqual(application.photo_ids, photos)
        application.with_user(self.operator).action_approve()
        self.assertEqual(application.state, "approved")

    def test_rejected_with_a_reason_and_applied_again(self):
        application = self._apply(self.ann)
        with self.assertRaisesRegex(UserError, "Write a reason"):
            application.with_user(self.operator).action_reject("  ")
        with self.assertRaisesRegex(UserError, "Write a reason"):
            application.with_user(self.operator).action_reject("x" * 1001)
        with self.assertRaisesRegex(UserError, "Write a reason"):
            application.with_user(self.operator).action_reject(None)
        self._decide(application, "rejected", "There is a point next door.")
        self.assertIn(
            "There is a point next door.", self.url_open("/groupbuy/lead").text
        )
        self.assertFalse(application.point_ids)
        self.assertFalse(self.ann._groupbuy_get_leader())
        form = self.url_open("/groupbuy/lead?again=1").text
        self.assertIn('name="identity_number"', form)
        again = self._apply(self.ann, point_name="Another place")
        self.assertEqual(again, application)
        self.assertEqual(again.point_name, "Another place")
        # The history stays.
        self.assertIn("Your application as a leader", self._get_subjects(again))

    def test_points_that_are_led_are_no_applicants(self):
        application = self._apply(self.ann).with_user(self.operator)
        arch = etree.fromstring(application.get_view(view_type="form")["arch"])
        (field,) = arch.xpath("//field[@name='point_ids']")
        domain = safe_eval(field.get("domain"), {"id": application.id})
        free = self.point.copy({"name": "Free Kiosk"})
        application.point_ids = self.point.search(domain) & (free | self.point)
        self.assertEqual(application.point_ids, free)
        self.assertIn(free, self.point.search(domain))
        # Whoever comes next can have it.
        application.action_reject("There is a point next door.")
        self.assertFalse(free.leader_id)

    def test_the_suspended_run_nothing(self):
        group = "groupbuy_leader.group_leader"
        self._decide(self.leader, "suspended", "Goods were left outside.", rest=True)
        self.assertEqual(self.leader.state, "suspended")
        self.assertFalse(self.point._can_be_run_by(self.dot))
        self.assertFalse(self.dot._groupbuy_get_leader())
        self.assertFalse(self.dot.has_group(group))
        self.assertTrue(self.point.resting)
        with self.assertRaises(AccessError):
            self.point.with_user(self.dot).get_handover_orders()
        self.assertTrue(self.dot.partner_id._groupbuy_is_payee(self.company))
        self.authenticate(self.dot.login, self.dot.login)
        self.assertIn("Goods were left outside.", self.url_open("/groupbuy/lead").text)
        self.leader.with_user(self.operator).action_reinstate()
        self.assertTrue(self.point._can_be_run_by(self.dot))
        self.assertTrue(self.dot.has_group(group))
        with self.assertRaisesRegex(UserError, "cannot be decided"):
            self.leader.with_user(self.operator).action_reinstate()

    def test_applicants_run_nothing(self):
        application = self._apply(self.ann)
        self.west.leader_id = application
        self.assertFalse(self.west._can_be_run_by(self.ann))
        self.assertFalse(self.ann._groupbuy_get_leader())
        self.assertFalse(self.ann.partner_id._groupbuy_is_payee(self.company))

    def test_the_archived_run_nothing(self):
        self.leader.active = False
        self.assertFalse(self.point._can_be_run_by(self.dot))
        self.assertFalse(self.dot._groupbuy_get_leader())

    def test_operators_decide_by_the_buttons_only(self):
        application = self._apply(self.ann).with_user(self.operator)
        for vals in ({"state": "approved"}, {"slug": "x"}, {"level_by_hand": True}):
            with self.assertRaisesRegex(UserError, "decided by the buttons"):
                application.write(vals)
        with self.assertRaisesRegex(UserError, "decided by the buttons"):
            application.copy({"state": "approved"})
        application.phone = "138 0000 2009"
        self.assertEqual(application.phone, "+8613800002009")
        with self.assertRaises(ValidationError):
            application.identity_number = "1"

    def test_operators_of_other_companies_see_none(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "gb_stranger",
            groups="community_groupbuy.group_operator",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        with self.assertRaises(AccessError):
            self.leader.with_user(stranger).action_suspend("x")

    def test_a_leader_of_another_company_is_none_here(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = self.dot.with_company(company)
        self.assertFalse(user._groupbuy_get_leader())
        self.assertEqual(self.dot._groupbuy_get_leader(), self.leader)
