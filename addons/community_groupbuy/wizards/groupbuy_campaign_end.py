from odoo import api, fields, models
from odoo.fields import Command


class GroupbuyCampaignEnd(models.TransientModel):
    """Show what closing or cancelling would do right now, before it is done."""

    _name = "groupbuy.campaign.end"
    _description = "Close or Cancel a Group Buy"

    campaign_id = fields.Many2one(
        "groupbuy.campaign", required=True, readonly=True, ondelete="cascade"
    )
    operation = fields.Selection(
        [("close", "Close Now"), ("cancel", "Cancel")], required=True, readonly=True
    )
    currency_id = fields.Many2one(related="campaign_id.currency_id")
    outcome = fields.Selection(
        [
            ("success", "Success"),
            ("failure", "Failure: everybody is refunded in full"),
            ("extend", "Goal missed: the campaign is extended once"),
        ],
        compute="_compute_forecast",
    )
    order_count = fields.Integer(string="Paid Orders", compute="_compute_forecast")
    paid_amount = fields.Monetary(string="Paid", compute="_compute_forecast")
    refund_amount = fields.Monetary(
        string="To Refund",
        compute="_compute_forecast",
        help="As it stands now; differences to final prices are before coupons.",
    )
    under_way_count = fields.Integer(
        string="Payments Under Way",
        compute="_compute_forecast",
        help="Joins that can still be paid for some minutes; closing waits for them.",
    )
    line_ids = fields.One2many(
        "groupbuy.campaign.end.line", "wizard_id", compute="_compute_forecast"
    )

    @api.depends("campaign_id", "operation")
    def _compute_forecast(self):
        for wizard in self:
            wizard.update(wizard._prepare_forecast())

    def action_confirm(self):
        """Close or cancel the campaign."""
        self.ensure_one()
        if self.operation == "close":
            self.campaign_id.action_close()
        else:
            self.campaign_id.action_cancel()

    def _prepare_forecast(self):
        """:return: values that say what would happen if it were done now"""
        self.ensure_one()
        campaign = self.campaign_id
        vals = {
            "outcome": False,
            "refund_amount": campaign.revenue,
            "order_count": campaign.order_count,
            "paid_amount": campaign.revenue,
            "under_way_count": self._count_under_way(),
            "line_ids": [Command.clear()],
        }
        if self.operation == "close":
            outcome, lines = campaign._forecast_closing()
            differences = sum(line["refund_amount"] for line in lines)
            refunds = {"success": differences, "extend": 0.0}
            vals |= {
                "outcome": outcome,
                "refund_amount": refunds.get(outcome, campaign.revenue),
                "line_ids": [Command.clear(), *map(Command.create, lines)],
            }
        return vals

    def _count_under_way(self):
        [(count,)] = self.env["groupbuy.hold"]._read_group(
            [
                ("campaign_id", "=", self.campaign_id.id),
                ("state", "=", "held"),
                ("expires_at", ">", fields.Datetime.now()),
            ],
            [],
            ["key:count_distinct"],
        )
        return count


class GroupbuyCampaignEndLine(models.TransientModel):
    _name = "groupbuy.campaign.end.line"
    _description = "Outcome of an Offer as It Stands"

    wizard_id = fields.Many2one(
        "groupbuy.campaign.end", required=True, index=True, ondelete="cascade"
    )
    offer_id = fields.Many2one("groupbuy.offer", required=True, ondelete="cascade")
    product_id = fields.Many2one(related="offer_id.product_id")
    currency_id = fields.Many2one(related="offer_id.currency_id")
    base_price = fields.Monetary(related="offer_id.base_price")
    min_quantity = fields.Integer(related="offer_id.min_quantity")
    quantity = fields.Integer(string="Paid")
    price = fields.Monetary(string="Final Price")
    refund_amount = fields.Monetary(string="To Refund")
    outcome = fields.Selection(
        [("success", "Delivered"), ("failure", "Refunded")], string="Result"
    )
