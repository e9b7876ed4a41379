import re
import unicodedata
from datetime import timedelta

from dateutil.relativedelta import relativedelta
from stdnum.cn import ric
from stdnum.exceptions import InvalidChecksum
from stdnum.exceptions import ValidationError as StdnumError

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.groupbuy_payment.models.groupbuy_payee_account_number import mask

MIN_AGE = 18
# How long rejected applicants can apply again without typing everything again.
KEEP_REJECTED = timedelta(days=90)
IDENTITY = re.compile(r"[0-9]{17}[0-9X]")
# Mobile numbers, and landlines with their area code.
PHONE = re.compile(r"(?:\+?86)?0?(1[3-9]\d{9}|[2-9]\d{9,10})")


class GroupbuyLeader(models.Model):
    """What tells one leader from another: identity card and phone."""

    _inherit = "groupbuy.leader"

    @api.model
    def _prepare_person(self, vals):
        """:return: of `vals` the phone and the identity, as they are kept"""
        person = {}
        if vals.get("phone"):
            person["phone"] = self._normalize_phone(vals["phone"])
        if vals.get("identity_number"):
            number = self._normalize_identity(vals["identity_number"])
            person.update(identity_number=number, identity_masked=mask(number))
        elif "identity_number" in vals:
            person["identity_masked"] = False
        return person

    @api.model
    def _normalize_phone(self, phone):
        """:return: a Chinese phone number with its country code
        :raise ValidationError: it cannot be one
        """
        text = unicodedata.normalize("NFKC", phone) if isinstance(phone, str) else ""
        match = PHONE.fullmatch(re.sub(r"[\s()-]", "", text))
        if not match or not match[1].isascii():
            raise ValidationError(
                self.env._(
                    "Write a mobile number of 11 digits, or a landline with its area "
                    "code."
                )
            )
        return f"+86{match[1]}"

    @api.model
    def _normalize_identity(self, number):
        """Bring the number of a Chinese identity card (GB 11643) into one form.

        Its place is not looked up: a number may name a county that is younger than its
        holder, and stdnum's own `validate` refuses those.

        :return: 18 characters
        :raise ValidationError: it cannot be one, or its holder is not of age
        """
        text = unicodedata.normalize("NFKC", number) if isinstance(number, str) else ""
        text = "".join(text.split()).upper()
        try:
            if not IDENTITY.fullmatch(text) or text[-1] != ric.calc_check_digit(text):
                raise InvalidChecksum()
            born = ric.get_birth_date(text)
        except (StdnumError, ValueError) as error:
            raise ValidationError(
                self.env._(
                    "This is not the number of an identity card: 18 characters, the "
                    "last of which checks the others."
                )
            ) from error
        if born > fields.Date.today() - relativedelta(years=MIN_AGE):
            raise ValidationError(
                self.env._("Leaders are at least %s years old.", MIN_AGE)
            )
        return text

    def _check_phone_once(self, phone):
        """The index says so, too, but only to who asked at the same moment.

        :raise ValidationError: somebody else leads or has applied with this phone
        """
        others_sudo = self.sudo().with_context(active_test=False)
        if others_sudo.search_count(
            [
                ("id", "not in", self.ids),
                ("company_id", "=", self.env.company.id),
                ("phone", "=", phone),
                ("state", "!=", "rejected"),
            ],
            limit=1,
        ):
            raise ValidationError(
                self.env._(
                    "This phone number belongs to another leader or application."
                )
            )

    def _check_identity_once(self):
        """:raise ValidationError: somebody else leads or has applied with this card

        The number is sealed, so that no index can tell: who has the same last digits
        is looked at. Checked again when a leader is approved.
        """
        for leader_sudo in self.sudo().filtered("identity_masked"):
            others_sudo = leader_sudo.with_context(active_test=False).search(
                [
                    ("id", "!=", leader_sudo.id),
                    ("company_id", "=", leader_sudo.company_id.id),
                    ("identity_masked", "=", leader_sudo.identity_masked),
                    ("state", "!=", "rejected"),
                ]
            )
            if leader_sudo.identity_number in others_sudo.mapped("identity_number"):
                raise ValidationError(
                    self.env._(
                        "This identity number belongs to another leader or application."
                    )
                )

    @api.autovacuum
    def _gc_rejected(self):
        """Forget who rejected applicants are, and their photos."""
        rejected = self.with_context(active_test=False).search(
            [
                ("state", "=", "rejected"),
                ("decided_at", "<", fields.Datetime.now() - KEEP_REJECTED),
                "|",
                ("identity_masked", "!=", False),
                ("photo_ids", "!=", False),
            ]
        )
        rejected.identity_number = False
        rejected.photo_ids.unlink()
