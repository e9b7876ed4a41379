from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from .groupbuy_sealed_mixin import sealed

MAX_ACCOUNTS = 10
MAX_TEXT = 100
# Where money goes is never changed, only replaced; names until money has gone there.
FIXED = {"partner_id", "company_id", "kind", "number", "is_company"}
NAMES = {"holder", "bank_name", "bank_branch"}


class GroupbuyPayeeAccount(models.Model):
    """Where a leader or a merchant wants to be paid.

    The number is sealed; people see its last four digits.
    """

    _name = "groupbuy.payee.account"
    _description = "Payee's Account"
    _inherit = ["groupbuy.sealed.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "is_default desc, id desc"
    _mail_post_access = "read"

    partner_id = fields.Many2one(
        "res.partner", string="Payee", required=True, index=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    kind = fields.Selection(
        [("bank", "Bank"), ("wechat", "WeChat"), ("alipay", "Alipay")],
        required=True,
        default="bank",
    )
    holder = fields.Char(
        string="Account Holder", required=True, help="The name that the bank knows."
    )
    is_company = fields.Boolean(string="A Company's Account")
    number, number_sealed = sealed(
        "number", string="Full Number", groups="community_groupbuy.group_operator"
    )
    masked = fields.Char(string="Number", readonly=True, copy=False)
    bank_name = fields.Char(string="Bank")
    bank_branch = fields.Char(string="Branch")
    state = fields.Selection(
        [("new", "To Check"), ("checked", "Checked"), ("refused", "Refused")],
        required=True,
        readonly=True,
        default="new",
        copy=False,
        tracking=True,
        index=True,
    )
    checked_by_id = fields.Many2one("res.users", readonly=True, copy=False)
    checked_at = fields.Datetime(readonly=True, copy=False)
    note = fields.Char(string="Reason", tracking=True, help="Shown to the payee.")
    is_default = fields.Boolean(string="Default", readonly=True, copy=False)
    active = fields.Boolean(default=True)
    payout_ids = fields.One2many("groupbuy.payout", "account_id")

    _default_unique = models.UniqueIndex(
        "(partner_id, company_id) WHERE is_default AND active",
        "A payee has one default account.",
    )

    @api.depends("kind", "masked", "bank_name")
    def _compute_display_name(self):
        labels = dict(self._fields["kind"]._description_selection(self.env))
        for account in self:
            name = account.bank_name or labels.get(account.kind, "")
            account.display_name = f"{name} {account.masked or ''}".strip()

    @api.constrains("kind", "is_company", "bank_name", "bank_branch", "holder")
    def _check_bank(self):
        for account in self:
            texts = (account.holder, account.bank_name, account.bank_branch)
            if any(len(text or "") > MAX_TEXT for text in texts):
                raise ValidationError(
                    self.env._("Names have at most %s characters.", MAX_TEXT)
                )
            if not (account.holder or "").strip():
                raise ValidationError(self.env._("Write the account holder's name."))
            if account.kind == "bank" and not (account.bank_name or "").strip():
                raise ValidationError(self.env._("Write which bank it is."))
            if account.is_company and not (account.bank_branch or "").strip():
                raise ValidationError(
                    self.env._("A company's account needs the bank's branch.")
                )

    # === CRUD === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("number"):
                raise ValidationError(self.env._("Write the account's number."))
            vals.update(self._prepare_number(vals))
        accounts = super().create(vals_list)
        for account in accounts:
            account._check_twice()
        return accounts

    def write(self, vals):
        """Override so that money goes to nothing but what has been checked."""
        if set(vals) & FIXED:
            raise UserError(
                self.env._("Archive this account and add the other one instead.")
            )
        if set(vals) & NAMES:
            # Only whether there are any, also of other companies.
            if self.sudo().payout_ids:
                raise UserError(
                    self.env._(
                        "Payouts refer to this account. Archive it and add another."
                    )
                )
            vals = {"state": "new", "checked_by_id": False, "checked_at": False, **vals}
        return super().write(vals)

    def _check_twice(self):
        """:raise ValidationError: the payee has the same account already"""
        others_sudo = self.sudo().search(
            [
                ("id", "!=", self.id),
                ("partner_id", "=", self.partner_id.id),
                ("company_id", "=", self.company_id.id),
                ("kind", "=", self.kind),
                ("masked", "=", self.masked),
            ]
        )
        if self.sudo().number in others_sudo.mapped("number"):
            raise ValidationError(self.env._("This account has been added already."))

    # === PAYEE === #

    @api.model
    def add(self, kind, holder, number, bank_name="", bank_branch="", is_company=False):
        """Add an account of the user's own, to be checked by an operator.

        :param str kind: bank, wechat or alipay
        :param str holder: the name that the bank knows
        :param str number: of the card or account, the OpenID, or the Alipay account
        :param str bank_name: required for a bank
        :param str bank_branch: required for a company's account
        :param bool is_company: whether a company holds the bank account
        :return: {"account_id": int, "masked": str, "state": str}
        :raise AccessError: the user is paid by nobody here
        :raise UserError: bad input, added already, or too many
        """
        company = self.env.company
        payee = self.env.user._groupbuy_get_payee()
        if not payee._groupbuy_is_payee(company):
            raise AccessError(self.env._("Only leaders and merchants are paid out."))
        texts = (kind, holder, number, bank_name or "", bank_branch or "")
        if not all(isinstance(text, str) for text in texts):
            raise UserError(self.env._("Fill in the form."))
        kinds = company._groupbuy_get_payout_kinds()
        if kind not in kinds:
            raise UserError(self.env._("Choose where to be paid."))
        # Payees have no write access; what is theirs is written field by field.
        accounts_sudo = self.sudo().search(
            [("partner_id", "=", payee.id), ("company_id", "=", company.id)]
        )
        if len(accounts_sudo) >= MAX_ACCOUNTS:
            raise UserError(
                self.env._("You can have at most %s accounts.", MAX_ACCOUNTS)
            )
        bank = kind == "bank"
        account_sudo = self.sudo().create(
            {
                "partner_id": payee.id,
                "company_id": company.id,
                "kind": kind,
                "holder": holder.strip(),
                "number": number,
                "is_company": bank and bool(is_company),
                "bank_name": bank and (bank_name or "").strip(),
                "bank_branch": bank and (bank_branch or "").strip(),
                "is_default": not accounts_sudo,
            }
        )
        return {
            "account_id": account_sudo.id,
            "masked": account_sudo.masked,
            "state": account_sudo.state,
        }

    def set_default(self):
        """Make this one's account the one that is proposed first.

        :raise AccessError: it is somebody else's
        """
        account_sudo = self._check_own()
        account_sudo.search(
            [
                ("partner_id", "=", account_sudo.partner_id.id),
                ("company_id", "=", account_sudo.company_id.id),
                ("is_default", "=", True),
            ]
        ).is_default = False
        # The index allows one only, also for a moment.
        self.env.flush_all()
        account_sudo.is_default = True

    def remove(self):
        """Archive this account of one's own.

        :raise AccessError: it is somebody else's
        :raise UserError: money is on its way to it
        """
        account_sudo = self._check_own()
        if account_sudo.payout_ids.filtered(lambda payout: payout._is_live()):
            raise UserError(self.env._("A payout to this account is under way."))
        account_sudo.write({"is_default": False, "active": False})

    def _check_own(self):
        """:return: this account, sudoed, once the user may decide about it"""
        account_sudo = self.sudo().exists()
        own = account_sudo.partner_id == self.env.user._groupbuy_get_payee()
        operator = self.env.user._groupbuy_is_operator()
        if len(account_sudo) != 1 or not (own or operator or self.env.su):
            raise AccessError(self.env._("This is not an account of yours."))
        return account_sudo

    # === OPERATOR === #

    def action_check(self):
        """Note that the holder and the number were compared with the payee's papers.

        :raise UserError: checked already
        """
        accounts = self._check_decidable()
        accounts.write(
            {
                "state": "checked",
                "checked_by_id": self.env.uid,
                "checked_at": fields.Datetime.now(),
                "note": False,
            }
        )

    def action_refuse(self):
        """Refuse accounts; the reason in `note` is shown to the payee.

        :raise UserError: there is no reason, or money is on its way to one
        """
        accounts = self._check_decidable(("new", "checked"))
        for account in accounts:
            if not (account.note or "").strip():
                raise UserError(self.env._("Write the reason first."))
            if account.sudo().payout_ids.filtered(
                lambda payout: payout.state in ("sent", "awaiting")
            ):
                raise UserError(self.env._("A payout to this account is under way."))
        accounts.write(
            {
                "state": "refused",
                "checked_by_id": self.env.uid,
                "checked_at": fields.Datetime.now(),
            }
        )

    def _check_decidable(self, states=("new", "refused")):
        self.check_access("write")
        if self.filtered(lambda account: account.state not in states):
            raise UserError(self.env._("This account was decided on already."))
        return self
