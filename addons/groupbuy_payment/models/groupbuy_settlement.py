from odoo import api, fields, models
from odoo.exceptions import UserError

from .groupbuy_ledger_entry import ROLES


class GroupbuySettlement(models.Model):
    """What a payee is owed over a period: entries of the ledger, and one vendor bill.

    The bill is self-billed and posted at once. It moves what is owed from the liability
    for shares to the payee's payable account, from where payouts pay it.
    """

    _name = "groupbuy.settlement"
    _description = "Settlement"
    _inherit = ["portal.mixin", "mail.thread"]
    _order = "date_to desc, id desc"

    name = fields.Char(string="Number", required=True, readonly=True, copy=False)
    payee_id = fields.Many2one(
        "res.partner", required=True, readonly=True, index=True, ondelete="restrict"
    )
    role = fields.Selection(ROLES, required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date_from = fields.Date(required=True, readonly=True)
    date_to = fields.Date(required=True, readonly=True)
    amount = fields.Monetary(required=True, readonly=True)
    entry_ids = fields.One2many(
        "groupbuy.ledger.entry", "settlement_id", string="Shares"
    )
    entry_count = fields.Integer(
        compute="_compute_entry_count", string="Number of Shares"
    )
    move_id = fields.Many2one(
        "account.move",
        string="Bill",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    amount_open = fields.Monetary(
        string="Still to Pay", compute="_compute_state", store=True
    )
    state = fields.Selection(
        [("draft", "Draft"), ("posted", "To Pay"), ("paid", "Paid")],
        compute="_compute_state",
        store=True,
        index=True,
        default="draft",
    )

    _amount_check = models.Constraint(
        "CHECK(amount > 0)", "A settlement is about more than 0."
    )

    @api.depends("move_id.state", "move_id.payment_state", "move_id.amount_residual")
    def _compute_state(self):
        for settlement in self:
            bill = settlement.move_id
            settlement.amount_open = bill.amount_residual if bill else settlement.amount
            if bill.state != "posted":
                settlement.state = "draft"
            elif bill.payment_state in ("paid", "in_payment"):
                settlement.state = "paid"
            else:
                settlement.state = "posted"

    def _compute_entry_count(self):
        groups = self.env["groupbuy.ledger.entry"]._read_group(
            [("settlement_id", "in", self.ids)], ["settlement_id"], ["__count"]
        )
        counts = {settlement.id: count for settlement, count in groups}
        for settlement in self:
            settlement.entry_count = counts.get(settlement.id, 0)

    def _compute_access_url(self):
        result = super()._compute_access_url()
        for settlement in self:
            settlement.access_url = f"/my/money/settlement/{settlement.id}"
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("Settlements are kept."))

    # === VIEWS === #

    def action_view_entries(self):
        """:return: the action that lists the shares of these settlements"""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "groupbuy_payment.groupbuy_ledger_entry_action"
        )
        return {
            **action,
            "domain": [("settlement_id", "in", self.ids)],
            "context": {},
        }

    def action_view_bill(self):
        """:return: the action that opens the vendor bill"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.move",
            "res_id": self.move_id.id,
            "view_mode": "form",
        }

    def action_download_excel(self):
        """:return: the action that downloads the statement as an Excel workbook"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/my/money/settlement/{self.id}.xlsx",
            "target": "download",
        }
