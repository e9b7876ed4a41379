from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..models.groupbuy_ledger_entry import ROLES

PREVIEWED = 200


class GroupbuySettlementRun(models.TransientModel):
    """Settle by hand, after having seen what will be settled."""

    _name = "groupbuy.settlement.run"
    _description = "Settle"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_to = fields.Date(
        string="Available Until",
        required=True,
        default=lambda self: self.env.company._get_groupbuy_date(),
    )
    payee_ids = fields.Many2many("res.partner", string="Only These Payees")
    small_too = fields.Boolean(
        string="Small Amounts, Too",
        help="Also payees to whom less is owed than the smallest settlement.",
    )
    line_ids = fields.One2many(
        "groupbuy.settlement.run.line",
        "run_id",
        string="Preview",
        compute="_compute_line_ids",
        store=True,
    )
    payee_count = fields.Integer(
        string="Settlements", compute="_compute_line_ids", store=True
    )
    amount = fields.Monetary(string="Total", compute="_compute_line_ids", store=True)

    @api.depends("company_id", "date_to", "payee_ids", "small_too")
    def _compute_line_ids(self):
        for run in self:
            due = run._find_due()
            run.payee_count = len(due)
            run.amount = sum(float(amount) for _p, _r, amount, _c, _d in due)
            run.line_ids = [
                Command.clear(),
                *(
                    Command.create(
                        {
                            "payee_id": payee_id,
                            "role": role,
                            "amount": float(amount),
                            "entry_count": count,
                        }
                    )
                    for payee_id, role, amount, count, _day in due[:PREVIEWED]
                ),
            ]

    def _find_due(self):
        self._check_operator()
        if not self.date_to:
            return []
        # Only sums are shown, to operators.
        return (
            self.env["groupbuy.settlement"]
            .sudo()
            ._find_due(self.company_id, self.date_to, **self._get_choice())
        )

    def _get_choice(self):
        return {
            "payees": self.payee_ids._origin if self.payee_ids else None,
            "minimum": 0 if self.small_too else None,
        }

    def _check_operator(self):
        is_operator = self.env.user._groupbuy_is_operator()
        if not is_operator or self.company_id not in self.env.companies:
            raise AccessError(self.env._("Only operators of the company settle."))

    def action_settle(self):
        """Settle what is owed, also what has become due since the preview.

        :return: the action that lists the new settlements
        :raise UserError: nothing is owed, or the day has not come yet
        """
        self.ensure_one()
        self._check_operator()
        settlements = self.env["groupbuy.settlement"]._settle(
            self.company_id, self.date_to, **self._get_choice()
        )
        if not settlements:
            raise UserError(self.env._("Nobody is owed anything yet."))
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_payment.groupbuy_settlement_action"
        )
        return {**action, "domain": [("id", "in", settlements.ids)], "context": {}}


class GroupbuySettlementRunLine(models.TransientModel):
    _name = "groupbuy.settlement.run.line"
    _description = "Settlement to Come"
    _order = "amount desc, id"

    run_id = fields.Many2one(
        "groupbuy.settlement.run", required=True, ondelete="cascade"
    )
    payee_id = fields.Many2one("res.partner", readonly=True)
    role = fields.Selection(ROLES, readonly=True)
    amount = fields.Monetary(readonly=True)
    currency_id = fields.Many2one(related="run_id.currency_id")
    entry_count = fields.Integer(string="Shares", readonly=True)
