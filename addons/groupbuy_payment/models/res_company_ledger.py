import itertools
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command


class ResCompany(models.Model):
    """The accounts and journals in which shares are kept, and when they are settled."""

    _inherit = "res.company"

    groupbuy_share_journal_id = fields.Many2one(
        "account.journal",
        string="Shares Journal",
        copy=False,
        domain=[("type", "=", "general")],
        help="Where the shares of merchants and leaders are accrued.",
    )
    groupbuy_bill_journal_id = fields.Many2one(
        "account.journal",
        string="Settlements Journal",
        copy=False,
        domain=[("type", "=", "purchase"), ("is_self_billing", "=", True)],
        help="Where the self-billed vendor bills of settlements are written.",
    )
    groupbuy_merchant_account_id = fields.Many2one(
        "account.account",
        string="Owed to Merchants",
        copy=False,
        domain=[("account_type", "=", "liability_current")],
        help="Liability for merchants' shares that have not been settled yet.",
    )
    groupbuy_leader_account_id = fields.Many2one(
        "account.account",
        string="Owed to Leaders",
        copy=False,
        domain=[("account_type", "=", "liability_current")],
        help="Liability for leaders' shares that have not been settled yet.",
    )
    groupbuy_merchant_expense_account_id = fields.Many2one(
        "account.account",
        string="Merchants' Share of Sales",
        copy=False,
        domain=[("account_type", "=like", "expense%")],
    )
    groupbuy_leader_expense_account_id = fields.Many2one(
        "account.account",
        string="Leaders' Commission",
        copy=False,
        domain=[("account_type", "=like", "expense%")],
    )
    groupbuy_settlement_period = fields.Selection(
        [("manual", "By hand"), ("week", "Every week"), ("month", "Every month")],
        string="Settlements",
        required=True,
        default="week",
        help="Weeks end on Sunday, months on their last day.",
    )
    groupbuy_settlement_minimum = fields.Monetary(
        string="Smallest Settlement",
        help="Payees to whom less is owed wait for the next settlement.",
    )
    groupbuy_settled_until = fields.Date(readonly=True, copy=False)

    _groupbuy_settlement_minimum_check = models.Constraint(
        "CHECK(groupbuy_settlement_minimum >= 0)",
        "The smallest settlement is not below 0.",
    )

    def _groupbuy_get_period_end(self):
        """:return: the last day of the last week or month that has ended; None where
        settlements are made by hand"""
        self.ensure_one()
        period = self.groupbuy_settlement_period
        if period == "manual":
            return None
        today = self._get_groupbuy_date()
        if period == "week":
            return today - timedelta(days=today.weekday() + 1)
        return today.replace(day=1) - timedelta(days=1)

    # === BOOKS === #

    @api.model
    def _groupbuy_get_account_specs(self):
        """Hook: which accounts these addons need.

        :return: {field of the company: (number after which a free one is taken, type,
            name)}
        """
        return {
            "groupbuy_merchant_account_id": (
                "224100",
                "liability_current",
                self.env._("Owed to merchants"),
            ),
            "groupbuy_leader_account_id": (
                "224100",
                "liability_current",
                self.env._("Owed to leaders"),
            ),
            "groupbuy_merchant_expense_account_id": (
                "540100",
                "expense_direct_cost",
                self.env._("Merchants' share of sales"),
            ),
            "groupbuy_leader_expense_account_id": (
                "560150",
                "expense",
                self.env._("Leaders' commission"),
            ),
        }

    @api.model
    def _groupbuy_get_journal_specs(self):
        """Hook: which journals these addons need.

        :return: {field of the company: values of the journal}
        """
        return {
            "groupbuy_share_journal_id": {
                "name": self.env._("Group-buy shares"),
                "code": "GBSH",
                "type": "general",
            },
            "groupbuy_bill_journal_id": {
                "name": self.env._("Group-buy settlements"),
                "code": "GBS",
                "type": "purchase",
                "is_self_billing": True,
            },
        }

    def _groupbuy_ensure_books(self):
        """Create the accounts and journals that are missing, where books are kept."""
        for company in self.filtered("chart_template"):
            # Whoever hands over goods has no rights on accounts.
            company_sudo = company.sudo().with_company(company)
            accounts = company_sudo._groupbuy_get_account_specs()
            journals = company_sudo._groupbuy_get_journal_specs()
            for name, spec in accounts.items():
                if not company_sudo[name]:
                    company_sudo[name] = company_sudo._groupbuy_create_account(*spec)
                    company_sudo._groupbuy_translate(name)
            for name, vals in journals.items():
                if not company_sudo[name]:
                    company_sudo[name] = company_sudo._groupbuy_create_journal(vals)
                    company_sudo._groupbuy_translate(name)

    def _groupbuy_create_account(self, code, account_type, name):
        account_model = self.env["account.account"]
        return account_model.create(
            {
                "name": name,
                "code": account_model._search_new_account_code(code),
                "account_type": account_type,
                "company_ids": [Command.link(self.id)],
            }
        )

    def _groupbuy_create_journal(self, vals):
        code = self._groupbuy_find_journal_code(vals["code"])
        return self.env["account.journal"].create(
            {**vals, "code": code, "company_id": self.id}
        )

    def _groupbuy_find_journal_code(self, code):
        """:return: the code, or one like it that is free in this company"""
        prefix = code[:3]
        journals = self.env["account.journal"].with_context(active_test=False)
        taken = journals.search(
            [("company_id", "=", self.id), ("code", "=like", f"{prefix}%")]
        )
        codes = set(taken.mapped("code"))
        numbers = itertools.count(2)
        while code in codes:
            code = f"{prefix}{next(numbers)}"
        return code

    def _groupbuy_translate(self, field):
        """Name what a field leads to in every language that is installed."""
        for code, _label in self.env["res.lang"].get_installed():
            company = self.with_context(lang=code)
            accounts = company._groupbuy_get_account_specs()
            journals = company._groupbuy_get_journal_specs()
            names = {name: spec[-1] for name, spec in accounts.items()}
            names.update((name, vals["name"]) for name, vals in journals.items())
            company[field].name = names[field]

    def _groupbuy_get_book(self, name):
        """:return: the account or journal in field `name`, created if it is missing

        :raise UserError: the company keeps no books yet
        """
        self.ensure_one()
        company_sudo = self.sudo()
        if not company_sudo[name]:
            company_sudo._groupbuy_ensure_books()
        if not company_sudo[name]:
            raise UserError(
                self.env._("%s has no chart of accounts yet.", self.display_name)
            )
        return company_sudo[name]
