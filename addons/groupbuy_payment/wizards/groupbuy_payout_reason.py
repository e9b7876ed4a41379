from odoo import fields, models


class GroupbuyPayoutReason(models.TransientModel):
    """Why payouts are refused, failed at the bank, or came back from there."""

    _name = "groupbuy.payout.reason"
    _description = "Reason of a Payout's End"

    payout_ids = fields.Many2many("groupbuy.payout", required=True)
    outcome = fields.Selection(
        [("refused", "Refused"), ("failed", "Failed"), ("returned", "Came Back")],
        required=True,
    )
    reason = fields.Char(required=True, help="Shown to the payee.")

    def action_confirm(self):
        """End the payouts for this reason."""
        self.ensure_one()
        end = {
            "refused": self.payout_ids.action_refuse,
            "failed": self.payout_ids.action_mark_failed,
            "returned": self.payout_ids.action_came_back,
        }
        end[self.outcome](self.reason)
