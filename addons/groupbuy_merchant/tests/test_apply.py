from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from .common import CODES, IDENTITY, MerchantCommon, pdf, picture


@tagged("post_install", "-at_install")
class TestApply(MerchantCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.olga = cls._create_resident("gb_olga")

    def _get_mails(self, merchant):
        return self.env["mail.mail"].search(
            [
                ("model", "=", merchant._name),
                ("res_id", "=", merchant.id),
                ("recipient_ids", "in", merchant.partner_id.ids),
            ]
        )

    # === NUMBERS === #

    def test_credit_codes_are_understood_as_people_type_them(self):
        code = CODES[2]
        full_width = "".join(chr(ord(letter) + 0xFEE0) for letter in code)
        for typed in (
            code,
            code.lower(),
            full_width,
            full_width.lower(),
            f" {code[:6]} {code[6:12]}-{code[12:]} ",
        ):
            with self.subTest(typed=typed), self.env.cr.savepoint() as savepoint:
                merchant = self._apply(self.olga, "Shop", typed)
                self.assertEqual(merchant.credit_code, code)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_wrong_credit_codes_are_refused(self):
        code = CODES[2]
        for typed in (
            code[:-1] + "A",
            code[:-1],
            code + "0",
            code.replace("M", "I"),
            "0" * 18,
            "x",
        ):
            with self.subTest(typed=typed):
                with self.assertRaisesRegex(UserError, "social credit code"):
                    self._apply(self.olga, "Shop", typed)

    def test_wrong_identity_numbers_are_refused(self):
        for typed in (IDENTITY[:-1] + "1", IDENTITY[:-1], "370102199013010010", "x"):
            with self.subTest(typed=typed):
                with self.assertRaisesRegex(UserError, "identity number"):
                    self._apply(self.olga, "Shop", CODES[2], identity_number=typed)

    def test_operators_cannot_write_a_wrong_number_either(self):
        with self.assertRaises(ValidationError):
            self.farm.with_user(self.operator).credit_code = CODES[0][:-1] + "A"
        with self.assertRaises(ValidationError):
            self.farm.with_user(self.operator).identity_number = "1"
        self.farm.with_user(self.operator).credit_code = CODES[2].lower()
        self.assertEqual(self.farm.credit_code, CODES[2])

    def test_the_identity_number_is_sealed(self):
        self.env.cr.execute(
            "SELECT identity_number_sealed, identity_masked FROM groupbuy_merchant"
            " WHERE id = %s",
            [self.farm.id],
        )
        sealed, masked = self.env.cr.fetchone()
        self.assertNotIn(IDENTITY, sealed)
        self.assertEqual(masked, "…001X")
        self.assertEqual(self.farm.with_user(self.operator).identity_number, IDENTITY)

    # === APPLYING === #

    def test_an_application_is_put_before_the_operators(self):
        merchant = self._apply(
            self.olga,
            "Shop",
            CODES[2],
            kind="sole_trader",
            documents=[
                {"kind": "licence", "name": "../../a.b.exe", "content": picture()},
                {"kind": "permit", "name": "p", "content": pdf(),
                 "expires_on": "2030-01-31"},
            ],
        )  # fmt: skip
        self.assertEqual(merchant.state, "applied")
        self.assertEqual(merchant.member_ids.user_id, self.olga)
        self.assertEqual(merchant.member_ids.role, "owner")
        self.assertEqual(merchant.partner_id.name, "Shop Trading Ltd")
        self.assertEqual(merchant.account_ids.masked[-4:], "0018")
        licence, permit = merchant.document_ids.sorted("kind")
        self.assertEqual((licence.name, licence.mimetype), ("a.jpg", "image/jpeg"))
        self.assertEqual((permit.name, permit.mimetype), ("p.pdf", "application/pdf"))
        self.assertEqual(str(permit.expires_on), "2030-01-31")
        self.assertTrue(merchant.activity_ids)
        self.assertTrue(merchant.terms_agreed_at)
        self.assertFalse(self.olga.has_group("groupbuy_merchant.group_merchant"))

    def test_everything_that_is_wrong_is_said_at_once(self):
        with self.assertRaises(UserError) as caught:
            self._apply(
                self.olga,
                "",
                "1",
                kind="crook",
                phone="12",
                email="nobody",
                terms_version="0",
                documents=[],
                account=None,
            )
        text = str(caught.exception)
        self.assertEqual(len(text.splitlines()), 8, text)

    def test_malformed_input_is_refused(self):
        application = self._application("Shop", CODES[2])
        apply = self.merchants.with_user(self.olga).apply
        licence = application["documents"][0]
        for bad in (
            None,
            [],
            "x",
            {**application, "name": 7},
            {**application, "name": "x" * 101},
            {**application, "city": "a\0b"},
            {**application, "note": "x" * 2001},
            {**application, "documents": "x"},
            {**application, "documents": [licence] * 11},
            {**application, "documents": ["x"]},
            {**application, "documents": [{**licence, "kind": "x"}]},
            {**application, "documents": [{**licence, "content": "no base64!"}]},
            {**application, "documents": [{**licence, "content": "QUJD"}]},
            {**application, "documents": [{**licence, "content": 5}]},
            {**application, "documents": [{**licence, "content": "A" * 8_000_000}]},
            {**application, "documents": [{**licence, "expires_on": "2020-01-01"}]},
            {**application, "documents": [{**licence, "expires_on": "tomorrow"}]},
            {**application, "documents": [{**licence, "expires_on": "2030-02-31"}]},
            {**application, "account": "x"},
            {**application, "account": {"number": 5}},
            {**application, "account": {"number": "12", "holder": "X"}},
        ):
            with self.subTest(bad=str(bad)[-60:]), self.assertRaises(UserError):
                with self.env.cr.savepoint():
                    apply(bad)
        self.assertFalse(self.olga._groupbuy_get_merchant())

    def test_one_application_of_a_user_and_of_a_business(self):
        self._apply(self.olga, "Shop", CODES[2])
        with self.assertRaisesRegex(UserError, "being checked"):
            self._apply(self.olga, "Shop", CODES[2])
        with self.assertRaisesRegex(UserError, "exists already"):
            self._apply(self.ann, "Copy", CODES[2].lower())
        with self.assertRaisesRegex(UserError, "merchant already"):
            self._apply(self.mia, "Second", CODES[2])

    def test_only_portal_users_apply(self):
        public = self.env.ref("base.public_user")
        for user in (public, self.operator):
            with self.assertRaises(AccessError):
                self._apply(user, "Shop", CODES[2])

    # === DECIDING === #

    def test_more_is_asked_for_and_sent_in(self):
        merchant = self._apply(self.olga, "Shop", CODES[2])
        own = merchant.with_user(self.operator)
        with self.assertRaisesRegex(UserError, "reason"):
            own.action_ask_more()
        own.reason = "The licence cannot be read."
        own.action_ask_more()
        self.assertEqual(merchant.state, "more_info")
        self.assertIn("We need more", self._get_mails(merchant)[0].subject)
        self.assertIn("cannot be read", self._get_mails(merchant)[0].body_html)
        before = merchant.document_ids
        again = self._application("Shop Two", CODES[2], account=None)
        again.update(identity_number="", note="Here it is.")
        self.merchants.with_user(self.olga).apply(again)
        self.assertEqual((merchant.state, merchant.name), ("applied", "Shop Two"))
        self.assertEqual(merchant.answer, "Here it is.")
        self.assertEqual(merchant.identity_number, IDENTITY)
        self.assertFalse(before.active)
        self.assertEqual(len(merchant.document_ids), 1)
        own.action_approve()
        self.assertTrue(self.olga.has_group("groupbuy_merchant.group_merchant"))
        self.assertFalse(merchant.reason)

    def test_a_rejected_business_may_apply_again(self):
        merchant = self._apply(self.olga, "Shop", CODES[2])
        merchant.with_user(self.operator).reason = "Forged."
        merchant.with_user(self.operator).action_reject()
        self.assertFalse(self.olga._groupbuy_is_payee())
        self._apply(self.olga, "Shop", CODES[2], account=None)
        self.assertEqual(merchant.state, "applied")

    def test_steps_follow_each_other(self):
        own = self.farm.with_user(self.operator).with_context(
            tracking_disable=False, mail_notrack=False
        )
        own.reason = "Why"
        for step in ("approve", "ask_more", "reject", "reinstate"):
            with self.subTest(step=step), self.assertRaises(UserError):
                getattr(own, f"action_{step}")()
        own.action_suspend()
        with self.assertRaises(UserError):
            own.action_suspend()
        own.action_reinstate()
        self.assertEqual(self.farm.state, "approved")
        self.assertEqual(len(self._get_mails(self.farm)), 3)
        # Changes are noted when the transaction ends.
        self.env.cr.flush()
        tracked = self.farm.message_ids.tracking_value_ids
        self.assertIn("Suspended", tracked.mapped("new_value_char"))

    def test_the_state_has_its_buttons_and_the_contact_stays(self):
        own = self.farm.with_user(self.operator)
        with self.assertRaises(UserError):
            own.state = "suspended"
        with self.assertRaises(ValidationError):
            own.partner_id = self.ann.partner_id

    def test_users_are_of_the_portal_and_work_for_one_merchant(self):
        members = self.env["groupbuy.merchant.member"].with_user(self.operator)
        with self.assertRaises(ValidationError):
            members.create({"merchant_id": self.farm.id, "user_id": self.operator.id})
        self.assertTrue(self.staff.has_group("groupbuy_merchant.group_merchant"))
        self.farm.member_ids.filtered(
            lambda member: member.user_id == self.staff
        ).with_user(self.operator).unlink()
        self.assertFalse(self.staff.has_group("groupbuy_merchant.group_merchant"))

    def test_operators_work_in_the_form(self):
        with Form(self.farm.with_user(self.operator)) as form:
            form.name = "Greener Farm"
            form.street = "4 Orchard Road"
            with form.document_ids.new() as document:
                document.kind = "permit"
                document.name = "permit.pdf"
                document.file = pdf()
        self.assertEqual(self.farm.partner_id.street, "4 Orchard Road")
        self.assertEqual(len(self.farm.document_ids), 2)

    def test_a_second_operator_of_another_company_sees_none(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = new_test_user(
            self.env,
            "gb_elsewhere",
            groups="community_groupbuy.group_operator",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        self.assertFalse(self.merchants.with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            self.farm.with_user(stranger).action_suspend()

    # === REMINDERS === #

    def test_merchants_are_reminded_once_of_documents_that_end(self):
        licence = self.farm.document_ids
        licence.expires_on = fields.Date.today() + timedelta(days=60)
        sent = len(self._get_mails(self.farm))
        self._run_cron("groupbuy_merchant.document_cron")
        self.assertEqual(len(self._get_mails(self.farm)), sent)
        with freeze_time(fields.Datetime.now() + timedelta(days=40)):
            self._run_cron("groupbuy_merchant.document_cron")
            self._run_cron("groupbuy_merchant.document_cron")
        self.assertEqual(len(self._get_mails(self.farm)), sent + 1)
        self.assertIn(licence.name, self._get_mails(self.farm)[0].body_html)
        self.assertTrue(self.farm.activity_ids)
