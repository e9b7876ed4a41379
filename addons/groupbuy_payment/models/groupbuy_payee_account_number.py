"""What a bank card, company account, WeChat or Alipay number looks like."""

import re

from odoo import api, models
from odoo.exceptions import ValidationError

# Bank cards: 13 to 19 digits, the last one by Luhn (ISO/IEC 7812-1); UnionPay's are
# 16 to 19. Accounts of companies follow no common rule but digits and hyphens.
CARD = re.compile(r"\d{13,19}")
UNIONPAY = re.compile(r"62\d{14,17}")
COMPANY_ACCOUNT = re.compile(r"\d{8,32}")
OPENID = re.compile(r"[A-Za-z0-9_-]{20,64}")
EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
PHONE = re.compile(r"1[3-9]\d{9}")
ALIPAY_USER = re.compile(r"2088\d{12}")


def passes_luhn(digits):
    """:return: whether the last digit is the check digit of the others"""
    total = 0
    for at, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if at % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def mask(text):
    """:return: `text` as others may see it: the last four, or where a mail goes"""
    if "@" in text:
        name, _at, domain = text.partition("@")
        return f"{name[:1]}•••@{domain}"
    return f"••••\N{NO-BREAK SPACE}{text[-4:]}"


class GroupbuyPayeeAccount(models.Model):
    _inherit = "groupbuy.payee.account"

    @api.model
    def _prepare_number(self, vals):
        """:return: the number in `vals` as it is kept, and as people see it"""
        number = self._normalize_number(
            vals.get("kind", "bank"), vals["number"], vals.get("is_company")
        )
        return {"number": number, "masked": mask(number)}

    @api.model
    def _normalize_number(self, kind, number, is_company=False):
        """Bring a number into the form in which it is kept.

        :param str kind: bank, wechat or alipay
        :raise ValidationError: it cannot be such a number
        """
        number = "".join(number.split()) if isinstance(number, str) else ""
        if not number.isascii():
            raise ValidationError(self.env._("Write the number in Latin characters."))
        if kind == "bank":
            return self._normalize_bank_number(number.replace("-", ""), is_company)
        if kind == "wechat":
            if not OPENID.fullmatch(number):
                raise ValidationError(
                    self.env._("A WeChat OpenID has 20 to 64 letters, digits, - and _.")
                )
            return number
        if not any(rule.fullmatch(number) for rule in (EMAIL, PHONE, ALIPAY_USER)):
            raise ValidationError(
                self.env._(
                    "An Alipay account is an e-mail address, a mobile number of "
                    "11 digits, or a user number that starts with 2088."
                )
            )
        return number.lower()

    @api.model
    def _normalize_bank_number(self, number, is_company):
        if is_company:
            if not COMPANY_ACCOUNT.fullmatch(number):
                raise ValidationError(
                    self.env._("A company's bank account has 8 to 32 digits.")
                )
            return number
        if not CARD.fullmatch(number):
            raise ValidationError(self.env._("A bank card has 13 to 19 digits."))
        if number.startswith("62") and not UNIONPAY.fullmatch(number):
            raise ValidationError(self.env._("A UnionPay card has 16 to 19 digits."))
        if not passes_luhn(number):
            raise ValidationError(
                self.env._("There is a mistake in this card number: check its digits.")
            )
        return number
