import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools.mail import single_email_re

from .groupbuy_merchant import PHONE, normalize

MAX_TEXT = 100
MAX_NOTE = 2000
MAX_DOCUMENTS = 10
TEXTS = (
    "name", "registered_name", "credit_code", "representative", "identity_number",
    "phone", "email", "street", "city",
)  # fmt: skip
# Of these the applicant may leave out what was given before.
SECRETS = ("identity_number",)
# In which an application is with the applicant.
OPEN_STATES = ("more_info", "rejected")


class GroupbuyMerchant(models.Model):
    """Applying: what people who want to sell here send in, once or again."""

    _inherit = "groupbuy.merchant"

    @api.model
    def apply(self, values):
        """Apply to sell here, or send in what operators asked for.

        There is one application of a user at a time: it can be sent in again only when
        operators have asked for more, or have rejected it.

        :param dict values: texts "kind" (company or sole_trader), "name" (of the shop),
            "registered_name", "credit_code", "representative", "identity_number",
            "phone", "email", "street", "city", "note" (may be empty); "terms_version",
            the one agreed to; "documents", a list of {"kind", "name", "content"
            (base64), "expires_on" ("YYYY-MM-DD" or empty)}; "account", {"holder",
            "number", "bank_name", "bank_branch", "is_company"}, or nothing
        :return: {"merchant_id": int, "state": str}
        :raise AccessError: nobody is signed in, or the user works for the platform
        :raise UserError: something is missing or wrong (all of it is said at once), is
            being checked already, or a merchant with this code exists
        """
        user = self.env.user
        if not user._is_portal():
            raise AccessError(
                self.env._("Sign in with an account of the portal to apply.")
            )
        merchant_sudo = user._groupbuy_get_merchant()
        if merchant_sudo:
            merchant_sudo._check_resubmit(user)
        vals, documents, account = self._read_application(values, merchant_sudo)
        # Applicants have no rights on merchants; what they sent has been read.
        if merchant_sudo:
            merchant_sudo.write(vals)
        else:
            merchant_sudo = self._create_application(vals)
        merchant_sudo._file_documents(documents)
        if account:
            self.env["groupbuy.payee.account"].add("bank", **account)
        merchant_sudo._raise_to_operators()
        return {"merchant_id": merchant_sudo.id, "state": merchant_sudo.state}

    def _check_resubmit(self, user):
        """:raise UserError: this application is not with the applicant"""
        self.ensure_one()
        if user not in self._get_users("owner"):
            raise AccessError(self.env._("Only an owner of the shop may do this."))
        if self.state == "applied":
            raise UserError(self.env._("Your application is being checked."))
        if self.state not in OPEN_STATES:
            raise UserError(self.env._("You are a merchant already."))

    def _create_application(self, vals):
        user = self.env.user
        contact = {
            field: vals.pop(name)
            for name, field in (
                ("registered_name", "name"), ("phone", "phone"), ("email", "email"),
                ("street", "street"), ("city", "city"),
            )
        }  # fmt: skip
        partner_sudo = (
            self.env["res.partner"]
            .sudo()
            .create(
                {
                    **contact,
                    "is_company": True,
                    "country_id": self.env.company.sudo().country_id.id,
                    "lang": user.lang,
                    "company_id": self.env.company.id,
                }
            )
        )
        return self.sudo().create(
            {
                **vals,
                "partner_id": partner_sudo.id,
                "company_id": self.env.company.id,
                "member_ids": [Command.create({"user_id": user.id, "role": "owner"})],
            }
        )

    def _file_documents(self, documents):
        """Keep documents; those of the same kind that were sent before are archived."""
        kinds = {document["kind"] for document in documents}
        self.document_ids.filtered(lambda old: old.kind in kinds).active = False
        self.env["groupbuy.merchant.document"].sudo().create(
            [{**document, "merchant_id": self.id} for document in documents]
        )

    # === READING === #

    @api.model
    def _read_application(self, values, merchant_sudo):
        """:return: (values of a merchant, of its documents, of its account or None)
        :raise UserError: all that is wrong, line by line
        """
        if not isinstance(values, dict):
            raise UserError(self.env._("Fill in the form."))
        errors = []
        vals = self._read_texts(values, merchant_sudo, errors)
        documents = self._read_documents(values.get("documents"), merchant_sudo, errors)
        account = self._read_account(values.get("account"), merchant_sudo, errors)
        company_sudo = self.env.company.sudo()
        version = company_sudo.groupbuy_merchant_terms_version
        if values.get("terms_version") != version:
            errors.append(self.env._("Read and agree to the terms for merchants."))
        if errors:
            raise UserError("\n".join(errors))
        now = fields.Datetime.now()
        vals.update(
            state="applied",
            terms_version=version,
            terms_agreed_at=now,
            submitted_at=now,
        )
        return vals, documents, account

    @api.model
    def _read_texts(self, values, merchant_sudo, errors):
        kinds = [kind for kind, _label in self._fields["kind"].selection]
        if values.get("kind") not in kinds:
            errors.append(self.env._("Choose whether you are a company."))
        vals = {"kind": values.get("kind")}
        missing = []
        for name in TEXTS:
            text = values.get(name) or ""
            if not isinstance(text, str) or len(text) > MAX_TEXT or "\0" in text:
                errors.append(
                    self.env._("Write at most %s characters in a line.", MAX_TEXT)
                )
                text = ""
            if text := " ".join(text.split()):
                vals[name] = text
            elif not (name in SECRETS and merchant_sudo.identity_masked):
                missing.append(self._fields[name]._description_string(self.env))
        note = values.get("note") or ""
        if not isinstance(note, str) or len(note) > MAX_NOTE or "\0" in note:
            errors.append(
                self.env._("Write at most %s characters in the note.", MAX_NOTE)
            )
        else:
            vals["answer"] = note.strip()
        if missing:
            errors.append(self.env._("Fill in: %s", ", ".join(missing)))
        errors += self._find_errors(vals, merchant_sudo)
        return vals

    @api.model
    def _find_errors(self, vals, merchant_sudo):
        """:return: what is wrong with texts that are there"""
        errors = []
        if code := normalize(vals.get("credit_code")):
            vals["credit_code"] = code
            errors.append(self._find_credit_code_error(code))
            # Only whether there is one; which one is not said.
            others_sudo = self.sudo().search(
                [
                    ("credit_code", "=", code),
                    ("company_id", "=", self.env.company.id),
                    ("state", "!=", "rejected"),
                    ("id", "!=", merchant_sudo.id),
                ],
                limit=1,
            )
            if others_sudo:
                errors.append(
                    self.env._("A merchant with this credit code exists already.")
                )
        if "identity_number" in vals:
            errors.append(self._find_identity_error(normalize(vals["identity_number"])))
        if "phone" in vals and not PHONE.fullmatch(vals["phone"]):
            errors.append(self.env._("There is a mistake in the phone number."))
        if "email" in vals and not single_email_re.match(vals["email"]):
            errors.append(self.env._("There is a mistake in the e-mail address."))
        return [error for error in errors if error]

    @api.model
    def _read_documents(self, documents, merchant_sudo, errors):
        documents = documents or []
        if not isinstance(documents, list) or len(documents) > MAX_DOCUMENTS:
            errors.append(self.env._("Add at most %s documents.", MAX_DOCUMENTS))
            return []
        model = self.env["groupbuy.merchant.document"].sudo()
        kinds = [kind for kind, _label in model._fields["kind"].selection]
        read = []
        for document in documents:
            if not isinstance(document, dict) or document.get("kind") not in kinds:
                errors.append(self.env._("Say what each of the documents is."))
                continue
            try:
                model._read_file(document.get("name"), document.get("content"))
                expires_on = self._read_day(document.get("expires_on"))
            except UserError as error:
                errors.append(str(error))
                continue
            read.append(
                {
                    "kind": document["kind"],
                    "name": document.get("name"),
                    "file": document["content"],
                    "expires_on": expires_on,
                }
            )
        kept = merchant_sudo.document_ids.mapped("kind")
        if "licence" not in [document["kind"] for document in read] + kept:
            errors.append(self.env._("Add your business licence."))
        return read

    @api.model
    def _read_day(self, text):
        """:return: a day that is still to come; False without one"""
        if not text:
            return False
        try:
            if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", text):
                raise ValueError(text)
            day = fields.Date.to_date(text)
        except ValueError as error:
            raise UserError(self.env._("There is a mistake in a date.")) from error
        company_sudo = self.env.company.sudo()
        if day < company_sudo._get_groupbuy_date():
            raise UserError(self.env._("One of the documents has expired."))
        return day

    @api.model
    def _read_account(self, account, merchant_sudo, errors):
        """:return: what `groupbuy.payee.account.add` takes, which checks it; None where
        none is needed"""
        kinds = self.env.company.sudo()._groupbuy_get_payout_kinds()
        if not account:
            if "bank" in kinds and not merchant_sudo.account_ids:
                errors.append(self.env._("Add the account to which you are paid."))
            return None
        if not isinstance(account, dict):
            errors.append(self.env._("Add the account to which you are paid."))
            return None
        return {
            "holder": account.get("holder") or "",
            "number": account.get("number") or "",
            "bank_name": account.get("bank_name") or "",
            "bank_branch": account.get("bank_branch") or "",
            "is_company": bool(account.get("is_company")),
        }

    def _raise_to_operators(self):
        """Put an application on the operators' list."""
        self.message_post(body=self.env._("The application was sent in."))
        self.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=self.env._("Check the application"),
            user_id=self._find_operator().id,
        )

    @api.model
    def _find_operator(self):
        """:return: who gets what has no one in charge: an operator of this company"""
        group = self.env.ref("community_groupbuy.group_operator")
        operators = group.sudo().all_user_ids.filtered(
            lambda user: user.active and self.env.company in user.company_ids
        )
        return operators.sorted("id")[:1] or self.env.ref("base.user_root")
