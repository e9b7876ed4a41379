from odoo import fields, models

BEARERS = [("platform", "The platform"), ("owner", "Whoever sells the goods")]


class LoyaltyProgram(models.Model):
    """Who pays for what a program takes off the price."""

    _inherit = "loyalty.program"

    groupbuy_bearer = fields.Selection(
        BEARERS,
        string="Discounts Are Borne By",
        required=True,
        default="platform",
        help="Whose share of a sale a discount lowers. Orders keep what this said when "
        "the discount was given.",
    )
