from odoo import fields, models

from .groupbuy_commission_terms import RECKONED_ON

RATES = {"groupbuy_service_rate", "groupbuy_referral_rate", "groupbuy_commission_base"}


class ResCompany(models.Model):
    _inherit = "res.company"

    groupbuy_service_rate = fields.Float(
        string="Usual Commission of the Pickup Point",
        digits=(5, 2),
        help="In percent, where no rule fits.",
    )
    groupbuy_referral_rate = fields.Float(
        string="Usual Commission for Bringing an Order",
        digits=(5, 2),
        help="In percent, where no rule fits.",
    )
    groupbuy_commission_base = fields.Selection(
        RECKONED_ON,
        string="Commission Is Reckoned On",
        required=True,
        default="total",
        help="After discounts and allowances, whoever bears them.",
    )

    _groupbuy_service_rate_check = models.Constraint(
        "CHECK(groupbuy_service_rate BETWEEN 0 AND 100)",
        "A commission is 0 to 100 percent.",
    )
    _groupbuy_referral_rate_check = models.Constraint(
        "CHECK(groupbuy_referral_rate BETWEEN 0 AND 100)",
        "A commission is 0 to 100 percent.",
    )

    def write(self, vals):
        """Override: orders that were paid before keep the rates of before."""
        if vals.keys() & RATES:
            self.env["sale.order"]._groupbuy_fix_pending()
        return super().write(vals)
