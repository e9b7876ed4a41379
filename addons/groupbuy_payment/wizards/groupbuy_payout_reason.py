from odoo import fields, models


class GroupbuyPayoutReason(models.TransientModel):
    """Why payouts are refused, or failed at the bank."""

    _name = "groupbuy.payout.reason"
    _description = "Reason of a Payout's End"

    payout_ids = fields.Many2many("groupbuy.payout", required=True)
    outcome = fields.Selection(
        [("refused", "Refused"), ("failed", "Failed")], required=True
    )
    reason = fields.Char(required=True, help="Shown to the payee.")

    def action_confirm(self):
        """End the payouts for this reason."""
        self.ensure_one()
        if self.outcome == "refused":
            self.payout_ids.action_refuse(self.reason)
        else:
            self.payout_ids.action_mark_failed(self.reason)
