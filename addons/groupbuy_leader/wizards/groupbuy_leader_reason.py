from odoo import fields, models


class GroupbuyLeaderReason(models.TransientModel):
    """Why leaders are rejected, asked for more or suspended."""

    _name = "groupbuy.leader.reason"
    _description = "Reason of a Decision about Leaders"

    leader_ids = fields.Many2many("groupbuy.leader", string="Leaders", required=True)
    step = fields.Selection(
        [
            ("more_info", "Ask for More"),
            ("rejected", "Reject"),
            ("suspended", "Suspend"),
        ],
        required=True,
    )
    reason = fields.Text(required=True, help="Shown to the applicant or leader.")
    rest = fields.Boolean(
        string="Points Take No New Orders",
        default=True,
        help="Orders that they have already still wait there to be handed over.",
    )

    def action_confirm(self):
        """Decide, with this reason.

        :raise UserError: decided already, or no reason
        """
        self.ensure_one()
        if self.step == "more_info":
            self.leader_ids.action_ask(self.reason)
        elif self.step == "rejected":
            self.leader_ids.action_reject(self.reason)
        else:
            self.leader_ids.action_suspend(self.reason, self.rest)
