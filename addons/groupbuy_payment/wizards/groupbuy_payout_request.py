from odoo import api, fields, models


class GroupbuyPayoutRequest(models.TransientModel):
    """A payout that an operator requests for a payee."""

    _name = "groupbuy.payout.request"
    _description = "Payout Request"

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    payee_id = fields.Many2one("res.partner", required=True)
    account_id = fields.Many2one(
        "groupbuy.payee.account",
        required=True,
        compute="_compute_account_id",
        store=True,
        readonly=False,
        domain="[('partner_id', '=', payee_id), ('company_id', '=', company_id),"
        " ('state', '!=', 'refused')]",
    )
    available = fields.Monetary(compute="_compute_available")
    amount = fields.Monetary(
        compute="_compute_amount", store=True, readonly=False, required=True
    )

    @api.depends("payee_id", "company_id")
    def _compute_account_id(self):
        accounts = self.env["groupbuy.payee.account"].search(
            [("partner_id", "in", self.payee_id.ids), ("state", "!=", "refused")]
        )
        for wizard in self:
            wizard.account_id = accounts.filtered(
                lambda account, wizard=wizard: (
                    account.partner_id == wizard.payee_id
                    and account.company_id == wizard.company_id
                )
            )[:1]

    @api.depends("payee_id", "company_id")
    def _compute_available(self):
        for wizard in self:
            payee = wizard.payee_id
            money = payee and payee._groupbuy_get_money(wizard.company_id)
            wizard.available = money["available"] if money else 0.0

    @api.depends("available")
    def _compute_amount(self):
        for wizard in self:
            wizard.amount = wizard.available

    def action_request(self):
        """Request the payout.

        :return: the action that opens it
        """
        self.ensure_one()
        answer = self.env["groupbuy.payout"].request(self.amount, self.account_id.id)
        return {
            "type": "ir.actions.act_window",
            "res_model": "groupbuy.payout",
            "res_id": answer["payout_id"],
            "view_mode": "form",
        }
