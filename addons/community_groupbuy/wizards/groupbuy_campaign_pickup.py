from odoo import api, fields, models


class GroupbuyCampaignPickup(models.TransientModel):
    _name = "groupbuy.campaign.pickup"
    _description = "Move the Pickup Date of a Group Buy"

    campaign_id = fields.Many2one(
        "groupbuy.campaign", required=True, readonly=True, ondelete="cascade"
    )
    pickup_date = fields.Datetime(
        string="Ready From",
        required=True,
        compute="_compute_dates",
        store=True,
        readonly=False,
    )
    pickup_deadline = fields.Datetime(
        string="Collect Until", compute="_compute_dates", store=True, readonly=False
    )
    reason = fields.Char(help="Told to the residents.")
    resident_count = fields.Integer(compute="_compute_resident_count")

    @api.depends("campaign_id")
    def _compute_dates(self):
        for wizard in self:
            wizard.pickup_date = wizard.campaign_id.pickup_date
            wizard.pickup_deadline = wizard.campaign_id.pickup_deadline

    @api.depends("campaign_id")
    def _compute_resident_count(self):
        for wizard in self:
            wizard.resident_count = self.env["sale.order"].search_count(
                [
                    ("groupbuy_campaign_id", "=", wizard.campaign_id.id),
                    ("groupbuy_status", "in", ("to_ship", "shipped", "ready")),
                ]
            )

    def action_move(self):
        """Move the dates and tell the residents."""
        self.ensure_one()
        self.campaign_id.action_move_pickup(
            self.pickup_date, self.pickup_deadline, self.reason or ""
        )
