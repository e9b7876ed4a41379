from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    groupbuy_merchant_fee = fields.Float(
        string="Platform Fee",
        default=5,
        help="Percent of what merchants sell, where no fee rule says otherwise.",
    )
    groupbuy_merchant_price_change = fields.Float(
        string="Price Changes Without Review",
        default=10,
        help="Percent by which merchants change a price up or down from the one that "
        "was reviewed last.",
    )
    groupbuy_merchant_terms = fields.Html(string="Terms for Merchants", translate=True)
    groupbuy_merchant_terms_version = fields.Char(
        string="Version of the Terms", default="1", required=True
    )
    groupbuy_merchant_remind_days = fields.Integer(
        string="Remind of Documents",
        default=30,
        help="Days before the last day of a licence or permit.",
    )

    _groupbuy_merchant_fee_check = models.Constraint(
        "CHECK(groupbuy_merchant_fee BETWEEN 0 AND 100"
        " AND groupbuy_merchant_price_change BETWEEN 0 AND 100)",
        "Fees and price changes are 0 to 100 percent.",
    )
    _groupbuy_merchant_remind_check = models.Constraint(
        "CHECK(groupbuy_merchant_remind_days BETWEEN 0 AND 365)",
        "Reminders go out 0 to 365 days before.",
    )
