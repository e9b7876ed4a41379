import re
import unicodedata

from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError as NumberError

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.groupbuy_payment.models.groupbuy_sealed_mixin import sealed

# Whose goods may be sold, and who may work on them.
SELLING_STATE = "approved"
# What ties a merchant to its money and to what was agreed; an owner of another name is
# another merchant.
FIXED = {"partner_id", "company_id"}
# What only the steps of an application write.
STEPS = {
    "state", "submitted_at", "decided_at", "decided_by_id", "terms_version",
    "terms_agreed_at",
}  # fmt: skip
IDENTITY = re.compile(r"[1-9][0-9]{16}[0-9X]")
PHONE = re.compile(r"\+?[0-9][0-9 ()-]{5,19}")


def normalize(number):
    """:return: a number as it is stored: half-width, upper case, without separators"""
    text = unicodedata.normalize("NFKC", number or "")
    return re.sub(r"[\s\-–—_.]", "", text).upper()


class GroupbuyMerchant(models.Model):
    """Who sells goods of their own here: from the application to the last day."""

    _name = "groupbuy.merchant"
    _description = "Merchant"
    _inherit = ["groupbuy.sealed.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "id desc"

    name = fields.Char(
        string="Shop", required=True, tracking=True, help="What residents read."
    )
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        required=True,
        index=True,
        ondelete="restrict",
        help="Whose the money of the sales is.",
    )
    state = fields.Selection(
        [
            ("applied", "To Check"),
            ("more_info", "More Asked For"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("suspended", "Suspended"),
        ],
        required=True,
        readonly=True,
        default="applied",
        copy=False,
        tracking=True,
        index=True,
        group_expand=True,
    )
    kind = fields.Selection(
        [("company", "Company"), ("sole_trader", "Sole Trader")],
        required=True,
        default="company",
        tracking=True,
    )
    registered_name = fields.Char(
        related="partner_id.name", readonly=False, help="As on the business licence."
    )
    credit_code = fields.Char(
        string="Unified Social Credit Code",
        required=True,
        copy=False,
        tracking=True,
        help="Of the business licence: 18 digits and letters.",
    )
    representative = fields.Char(
        string="Legal Representative", help="As on the identity card."
    )
    identity_number, identity_number_sealed = sealed(
        "identity_number",
        string="Identity Number",
        groups="community_groupbuy.group_operator",
    )
    identity_masked = fields.Char(
        string="Identity Number (end)", readonly=True, copy=False
    )
    phone = fields.Char(related="partner_id.phone", readonly=False)
    email = fields.Char(related="partner_id.email", readonly=False)
    street = fields.Char(related="partner_id.street", readonly=False)
    city = fields.Char(related="partner_id.city", readonly=False)

    reason = fields.Text(
        copy=False,
        tracking=True,
        help="Shown to the merchant: why it was rejected or suspended, what lacks.",
    )
    answer = fields.Text(string="Merchant's Note", readonly=True, copy=False)
    terms_version = fields.Char(string="Agreed Terms", readonly=True, copy=False)
    terms_agreed_at = fields.Datetime(string="Agreed On", readonly=True, copy=False)
    submitted_at = fields.Datetime(string="Applied On", readonly=True, copy=False)
    decided_at = fields.Datetime(readonly=True, copy=False)
    decided_by_id = fields.Many2one("res.users", readonly=True, copy=False)

    member_ids = fields.One2many(
        "groupbuy.merchant.member", "merchant_id", string="Users"
    )
    document_ids = fields.One2many(
        "groupbuy.merchant.document", "merchant_id", string="Documents"
    )
    fee_rule_ids = fields.One2many("groupbuy.fee.rule", "merchant_id", string="Fees")
    account_ids = fields.One2many(related="partner_id.groupbuy_account_ids")
    product_count = fields.Integer(compute="_compute_counts")
    review_count = fields.Integer(compute="_compute_counts", string="To Review")
    line_count = fields.Integer(compute="_compute_counts", string="Order Lines")

    _partner_unique = models.UniqueIndex(
        "(partner_id, company_id)", "This contact is a merchant already."
    )
    _credit_code_unique = models.UniqueIndex(
        "(credit_code, company_id) WHERE state <> 'rejected'",
        "A merchant with this credit code exists already.",
    )

    # === CONSTRAINTS === #

    @api.constrains("credit_code")
    def _check_credit_code(self):
        for merchant in self:
            if error := self._find_credit_code_error(merchant.credit_code):
                raise ValidationError(error)

    @api.model
    def _find_credit_code_error(self, code):
        """:return: what is wrong with a normalized credit code; None if nothing is"""
        try:
            # Eighteen zeros have the right check digit, too.
            valid = bool(uscc.validate(code)) and not code.startswith("0")
        except NumberError:
            valid = False
        if not valid:
            return self.env._(
                "There is a mistake in the unified social credit code: it has 18 "
                "digits and letters, as on the business licence."
            )
        return None

    @api.model
    def _find_identity_error(self, number):
        """:return: what is wrong with a normalized identity number; None if nothing
        is"""
        try:
            # The table of birth places cannot be read here: Odoo loads python-stdnum in
            # a way of its own, which hides the package's data files.
            valid = IDENTITY.fullmatch(number) and (
                number[-1] == ric.calc_check_digit(number)
                and ric.get_birth_date(number) <= fields.Date.today()
            )
        except NumberError:
            valid = False
        if not valid:
            return self.env._(
                "There is a mistake in the identity number: it has 18 digits, the last "
                "one may be an X."
            )
        return None

    # === COMPUTES === #

    def _compute_counts(self):
        # Only how many; operators have no rights on what others' apps keep.
        env = self.sudo().with_context(active_test=False).env
        model = env["product.template"]
        products = dict(
            model._read_group(
                [("groupbuy_merchant_id", "in", self.ids)],
                ["groupbuy_merchant_id"],
                ["__count"],
            )
        )
        reviews = dict(
            env["groupbuy.product.review"]._read_group(
                [("merchant_id", "in", self.ids), ("state", "=", "pending")],
                ["merchant_id"],
                ["__count"],
            )
        )
        lines = dict(
            env["sale.order.line"]._read_group(
                [("groupbuy_merchant_id", "in", self.ids), ("state", "=", "sale")],
                ["groupbuy_merchant_id"],
                ["__count"],
            )
        )
        for merchant in self:
            key = merchant.sudo()
            merchant.product_count = products.get(key, 0)
            merchant.review_count = reviews.get(key, 0)
            merchant.line_count = lines.get(key, 0)

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._prepare_numbers(vals)
        return super().create(vals_list)

    def write(self, vals):
        """Override: whom money is owed does not change; the state has its buttons."""
        if set(vals) & STEPS and not self.env.su:
            raise UserError(self.env._("Use the buttons to decide about a merchant."))
        if set(vals) & FIXED and any(
            self._fields[name].convert_to_write(merchant[name], merchant) != vals[name]
            for name in set(vals) & FIXED
            for merchant in self
        ):
            raise ValidationError(
                self.env._("Orders and money refer to this contact; it stays.")
            )
        return super().write(self._prepare_numbers(vals))

    @api.model
    def _prepare_numbers(self, vals):
        if vals.get("credit_code"):
            vals["credit_code"] = normalize(vals["credit_code"])
        if vals.get("identity_number"):
            number = vals["identity_number"] = normalize(vals["identity_number"])
            if error := self._find_identity_error(number):
                raise ValidationError(error)
            vals["identity_masked"] = f"…{number[-4:]}"
        return vals

    # === USERS === #

    def _get_users(self, *roles):
        """:return: who works for these merchants, in any of the roles if given"""
        members = self.member_ids
        if roles:
            members = members.filtered(lambda member: member.role in roles)
        return members.user_id

    # === ACTIONS === #

    def action_view_products(self):
        """:return: the action that lists the products of this merchant"""
        self.ensure_one()
        return self._prepare_action(
            "groupbuy_merchant.merchant_product_action",
            [("groupbuy_merchant_id", "=", self.id)],
            {"default_groupbuy_merchant_id": self.id},
        )

    def action_view_reviews(self):
        """:return: the action that lists the product reviews of this merchant"""
        self.ensure_one()
        return self._prepare_action(
            "groupbuy_merchant.groupbuy_product_review_action",
            [("merchant_id", "=", self.id)],
            {},
        )

    def action_view_lines(self):
        """:return: the action that lists what was ordered of this merchant"""
        self.ensure_one()
        return self._prepare_action(
            "groupbuy_merchant.merchant_order_line_action",
            [("groupbuy_merchant_id", "=", self.id), ("state", "=", "sale")],
            {},
        )

    def _prepare_action(self, xmlid, domain, context):
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {**action, "domain": domain, "context": context}
