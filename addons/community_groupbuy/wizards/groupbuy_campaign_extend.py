from datetime import timedelta

from odoo import api, fields, models


class GroupbuyCampaignExtend(models.TransientModel):
    _name = "groupbuy.campaign.extend"
    _description = "Extend a Group Buy"

    campaign_id = fields.Many2one(
        "groupbuy.campaign", required=True, readonly=True, ondelete="cascade"
    )
    hours = fields.Integer(required=True, default=24)
    date_close = fields.Datetime(
        string="New Closing Date", compute="_compute_date_close"
    )

    @api.depends("campaign_id", "hours")
    def _compute_date_close(self):
        for wizard in self:
            wizard.date_close = wizard.campaign_id.date_close + timedelta(
                # As far as a campaign can be extended; beyond it the action says so.
                hours=min(max(wizard.hours, 0), 720)
            )

    def action_extend(self):
        """Let the campaign run longer."""
        self.ensure_one()
        self.campaign_id.action_extend(self.hours)
