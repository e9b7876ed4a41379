import base64
from io import BytesIO
from unittest.mock import patch

from PIL import Image
from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError
from odoo.http import Request
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.community_groupbuy.tests.test_claim import photo

from ..models import groupbuy_leader_attempt
from .common import IDENTITIES, LeaderCommon

CHILD = "990000201501010013"


class ApplicationCommon(LeaderCommon, HttpCase):
    """Ann is a resident who wants to lead."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["website"].get_current_website().company_id = cls.company
        cls.operator = new_test_user(
            cls.env, "gb_operator", groups="community_groupbuy.group_operator"
        )

    def _form(self, **values):
        return {
            "name": "Ann Applicant",
            "phone": "138 0000 2000",
            "identity_number": IDENTITIES[0],
            "point_name": "South Kiosk",
            "street": "2 Spring Road",
            "district": "Lixia",
            "city": "Jinan",
            "zip": "250014",
            "latitude": "36.651",
            "longitude": "117.12",
            "opening_hours": "16:00–20:00",
            "introduction": "A dry room with a fridge.",
            "agreed": "1",
            **values,
        }

    def _send(self, photos=None, **values):
        """:return: the answer to the form, as a browser sends it"""
        photos = [photo()] if photos is None else photos
        return self.url_open(
            "/groupbuy/lead/apply",
            data={"csrf_token": Request.csrf_token(self), **self._form(**values)},
            files=[
                ("photos", (name, base64.b64decode(content), "image/jpeg"))
                for name, content in photos
            ]
            or [("photos", ("", b"", "application/octet-stream"))],
        )

    def _get_application(self, user):
        return self.env["groupbuy.leader"].search(
            [("partner_id", "=", user.partner_id.id)]
        )

    def _apply(self, user, **values):
        """:return: the application of a resident, sent on the website"""
        self.authenticate(user.login, user.login)
        response = self._send(**values)
        application = self._get_application(user)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(application.state, "applied", response.text)
        return application


@tagged("post_install", "-at_install")
class TestApplication(ApplicationCommon):
    def _get_mails(self, leader):
        return leader.message_ids.mapped("subject")

    # === SEND === #

    def test_visitors_are_asked_to_sign_in(self):
        page = self.url_open("/groupbuy/lead").text
        self.assertIn("/web/login?redirect=/groupbuy/lead", page)
        self.assertNotIn('name="identity_number"', page)
        self.assertIn("/groupbuy/lead", self.url_open("/groupbuy").text)

    def test_a_resident_applies(self):
        application = self._apply(self.ann)
        self.assertRecordValues(
            application,
            [
                {
                    "name": "Ann Applicant",
                    "user_id": self.ann.id,
                    "phone": "+8613800002000",
                    "identity_number": IDENTITIES[0],
                    "point_name": "South Kiosk",
                    "street": "2 Spring Road",
                    "latitude": 36.651,
                    "longitude": 117.12,
                    "state": "applied",
                }
            ],
        )
        self.assertTrue(application.applied_at)
        self.assertIn(
            "We have your application as a leader", self._get_mails(application)
        )
        self.assertIn("We have your application", self.url_open("/groupbuy/lead").text)

    def test_the_identity_number_is_sealed(self):
        application = self._apply(self.ann)
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT row_to_json(l)::text FROM groupbuy_leader l WHERE id = %s",
            [application.id],
        )
        self.assertNotIn(IDENTITIES[0], self.env.cr.fetchone()[0])
        tracked = application.message_ids.tracking_value_ids
        self.assertNotIn(IDENTITIES[0], str(tracked.read()))
        self.assertNotIn(IDENTITIES[0], self.url_open("/groupbuy/lead").text)

    def test_photos_are_written_anew(self):
        exif = Image.Exif()
        exif[0x010E] = "hidden words"
        application = self._apply(self.ann, photos=[photo(exif=exif)])
        content = application.photo_ids.raw
        self.assertNotIn(b"hidden words", content)
        self.assertEqual(Image.open(BytesIO(content)).format, "JPEG")

    def test_full_width_input_is_understood(self):
        wide = "９９００００１９８００１０１００８ｘ"
        application = self._apply(
            self.ann, identity_number=wide, phone="＋８６ １３８ ００００ ２０００"
        )
        self.assertEqual(application.identity_number, IDENTITIES[3])
        self.assertEqual(application.phone, "+8613800002000")

    def test_every_step_is_mailed_to_the_applicant(self):
        application = self._apply(self.ann)
        application.action_ask("A photo of the door, please.")
        self._send(photos=[])
        application.action_reject("Too far away")
        self._send(photos=[])
        application.action_approve()
        application.action_suspend("Closed without a word")
        application.action_reinstate()
        messages = application.message_ids.filtered("subject").sorted("id")
        self.assertEqual(len(messages), 8)
        for message in messages:
            self.assertEqual(
                message.notified_partner_ids, self.ann.partner_id, message.subject
            )
        self.assertIn("A photo of the door, please.", messages[1].body)
        self.assertIn("Too far away", messages[3].body)
        self.assertIn("Closed without a word", messages[6].body)

    def test_who_was_archived_may_apply_again(self):
        application = self._apply(self.ann)
        application.action_reject("Too far away")
        application.active = False
        self.assertEqual(self._apply(self.ann), application)
        self.assertTrue(application.active)

    def test_who_was_rejected_long_ago_is_forgotten(self):
        application = self._apply(self.ann)
        application.action_reject("Too far away")
        application._gc_rejected()
        self.assertEqual(application.identity_number, IDENTITIES[0])
        with self._later(days=91):
            application._gc_rejected()
            self.assertFalse(application.identity_number)
            self.assertFalse(application.identity_number_sealed)
            self.assertFalse(application.identity_masked)
            self.assertFalse(application.photo_ids)
            # The form asks for both again.
            self.authenticate(self.ann.login, self.ann.login)
            page = self.url_open("/groupbuy/lead?again=1").text
            self.assertIn('name="identity_number"', page)
            self.assertNotIn("••••", page)
            self._apply(self.ann)

    # === REFUSED === #

    def _assert_refused(self, text, **values):
        page = self._send(**values).text
        self.assertIn(text, page)
        self.assertFalse(self._get_application(self.ann))
        # What was typed is still there, but for the identity number.
        self.assertIn('value="South Kiosk"', page)
        self.assertNotIn(IDENTITIES[0], page)

    def test_malformed_input_is_refused(self):
        self.patch(groupbuy_leader_attempt, "MAX_BY_USER", 100)
        self.patch(groupbuy_leader_attempt, "MAX_BY_ADDRESS", 100)
        self.authenticate(self.ann.login, self.ann.login)
        identity = "This is not the number of an identity card"
        degrees = "Latitude goes from -90 to 90"
        picture = "A photo must be a JPEG, PNG or GIF"
        for text, values in (
            ("Please fill in: Name", {"name": "  "}),
            ("has at most 60 characters", {"name": "x" * 61}),
            ("Write a mobile number", {"phone": "12345"}),
            ("Write a mobile number", {"phone": "138000020001"}),
            (identity, {"identity_number": ""}),
            (identity, {"identity_number": IDENTITIES[0][:-1] + "6"}),
            (identity, {"identity_number": "99000019801301001X"}),
            (identity, {"identity_number": "1" * 40}),
            ("at least 18 years old", {"identity_number": CHILD}),
            ("Please fill in: Street", {"street": ""}),
            ("Please fill in: City", {"city": ""}),
            ("Please fill in: Opening Hours", {"opening_hours": ""}),
            (degrees, {"latitude": "91"}),
            (degrees, {"latitude": "nan"}),
            (degrees, {"longitude": "east"}),
            (degrees, {"longitude": "-1e999"}),
            ("has a latitude and a longitude", {"longitude": ""}),
            ("has at most 2000 characters", {"introduction": "x" * 2001}),
            ("Without your consent", {"agreed": ""}),
            ("Add a photo of the place", {"photos": []}),
            ("Add at most 5 photos", {"photos": [photo()] * 6}),
            (picture, {"photos": [("page.jpg", base64.b64encode(b"<svg/>"))]}),
            (
                picture,
                {"photos": [("big.jpg", base64.b64encode(b"x" * (5 << 20) + b"x"))]},
            ),
        ):
            with self.subTest(
                values={key: str(value)[:40] for key, value in values.items()}
            ):
                self._assert_refused(text, **values)

    def test_somebody_elses_numbers_are_refused(self):
        self._apply(self.ben)
        self.authenticate(self.ann.login, self.ann.login)
        self._assert_refused("This phone number belongs", identity_number=IDENTITIES[1])
        self._assert_refused("This identity number belongs", phone="13800002001")

    def test_the_database_knows_who_took_a_phone_at_the_same_moment(self):
        self._apply(self.ben)
        model = self.env.registry["groupbuy.leader"]
        self.authenticate(self.ann.login, self.ann.login)
        with (
            patch.object(model, "_check_phone_once", lambda leader, phone: None),
            mute_logger("odoo.sql_db"),
        ):
            self._assert_refused(
                "Somebody else has applied", identity_number=IDENTITIES[1]
            )
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.other_leader.phone = "138 0000 2000"
            self.env.flush_all()

    def test_numbers_of_the_rejected_are_free(self):
        self._apply(self.ben).action_reject("Too far away")
        self._apply(self.ann)

    def test_applying_twice_is_refused(self):
        application = self._apply(self.ann)
        self.assertIn("You have applied already", self._send(street="Elsewhere").text)
        self.assertEqual(application.street, "2 Spring Road")
        application.action_approve()
        self.assertIn("You have applied already", self._send(street="Elsewhere").text)

    def test_attempts_are_limited(self):
        self.authenticate(self.ann.login, self.ann.login)
        for _attempt in range(groupbuy_leader_attempt.MAX_BY_USER):
            self._assert_refused("Please fill in: Street", street="")
        self._assert_refused("You have tried too often")
        with self._later(minutes=61):
            self._apply(self.ann)

    def test_attempts_stay_whatever_becomes_of_the_request(self):
        attempts = self.env["groupbuy.leader.attempt"]
        cursors, create = [], type(attempts).create

        def note(model, vals_list):
            cursors.append(model.env.cr)
            return create(model, vals_list)

        with patch.object(type(attempts), "create", note):
            attempts._log(self.ann, "127.0.0.1")
        # A cursor of its own: an error rolls back the request's only.
        [cursor] = cursors
        self.assertIsNot(cursor, self.env.cr)
        self.assertEqual(attempts.search_count([("user_id", "=", self.ann.id)]), 1)

    def test_attempts_are_limited_by_address(self):
        self.patch(groupbuy_leader_attempt, "MAX_BY_ADDRESS", 1)
        self._apply(self.ben)
        self.authenticate(self.ann.login, self.ann.login)
        self._assert_refused(
            "You have tried too often",
            identity_number=IDENTITIES[1],
            phone="13800002001",
        )

    # === ACCESS === #

    def test_fields_of_the_decision_are_not_read_from_the_form(self):
        application = self._apply(
            self.ann,
            state="approved",
            slug="mine",
            partner_id=str(self.ben.partner_id.id),
            level_id="1",
        )
        self.assertEqual(application.state, "applied")
        self.assertEqual(application.partner_id, self.ann.partner_id)
        self.assertNotEqual(application.slug, "mine")

    def test_residents_and_leaders_have_no_rights_on_the_model(self):
        application = self._apply(self.ann)
        for user in (self.ann, self.dot):
            own = application.with_user(user)
            for method, args in (
                ("read", [["name"]]),
                ("write", [{"street": "x"}]),
                ("action_approve", []),
                ("action_reject", ["x"]),
                ("action_ask", ["x"]),
                ("action_suspend", ["x"]),
                ("action_reinstate", []),
                ("action_set_level", [self.env["groupbuy.leader.level"], "x"]),
                ("action_level_by_rule", ["x"]),
            ):
                with self.subTest(user=user.login, method=method):
                    with self.assertRaises(AccessError):
                        getattr(own, method)(*args)
            with self.assertRaises(AccessError):
                own.search([])
            with self.assertRaises(AccessError):
                self.point.with_user(user).action_transfer(self.other_leader)
            with self.assertRaises(AccessError):
                self.point.with_user(user).read(["leader_id"])

    def test_photos_are_seen_by_nobody_without_the_address(self):
        image = self._apply(self.ann).photo_ids
        self.authenticate(self.ben.login, self.ben.login)
        with mute_logger("odoo.http"):
            picture = self.url_open(f"/web/content/{image.id}").content
        self.assertNotEqual(picture, image.raw)
        self.authenticate(self.ann.login, self.ann.login)
        self.url_open("/groupbuy/lead")
