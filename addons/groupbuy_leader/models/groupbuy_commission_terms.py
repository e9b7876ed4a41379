from decimal import ROUND_HALF_UP, Decimal

from odoo import fields, models

KINDS = [("service", "For the pickup point"), ("referral", "For bringing the order")]
METHODS = [("percent", "Percentage"), ("fixed", "Amount per unit")]
RECKONED_ON = [("total", "Price with tax"), ("untaxed", "Price without tax")]


def round_half_up(value):
    """:return: the nearest integer; halves go up, as people reckon"""
    return int(value.to_integral_value(ROUND_HALF_UP))


class GroupbuyCommissionTerms(models.AbstractModel):
    """How much: said by a rule, and kept by each commission as it was on that day."""

    _name = "groupbuy.commission.terms"
    _description = "Terms of a Commission"

    method = fields.Selection(METHODS, required=True, default="percent")
    rate = fields.Float(string="Percent", digits=(5, 2))
    unit_amount = fields.Monetary(string="Per Unit")
    reckoned_on = fields.Selection(
        RECKONED_ON,
        required=True,
        default=lambda self: self.env.company.groupbuy_commission_base,
        help="Always after discounts and allowances.",
    )
    currency_id = fields.Many2one("res.currency")

    _rate_check = models.Constraint(
        "CHECK(rate BETWEEN 0 AND 100)", "A commission is 0 to 100 percent."
    )
    _unit_amount_check = models.Constraint(
        "CHECK(unit_amount >= 0)", "A commission cannot be negative."
    )

    def _get_base(self, line, units):
        """:param int units: of an order line, what is left of it, with tax
        :return: what these terms are reckoned on, in the same unit"""
        self.ensure_one()
        if self.reckoned_on == "total" or not line.price_total:
            return max(units, 0)
        # All of a line is taxed alike; so is what is discounted of it.
        untaxed = Decimal(str(line.price_subtotal)) / Decimal(str(line.price_total))
        return max(round_half_up(units * untaxed), 0)

    def _reckon(self, base, quantity, left):
        """Reckon a commission, rounded once, halves up.

        :param int base: what it is a percentage of, in the smallest unit
        :param float quantity: pieces that residents keep
        :param int left: what it is at most, in the smallest unit
        :return: an integer, in the smallest unit
        """
        self.ensure_one()
        if self.method == "percent":
            amount = base * Decimal(str(self.rate)) / 100
        else:
            unit = Decimal(str(self.currency_id.rounding))
            amount = Decimal(str(self.unit_amount)) / unit * Decimal(str(quantity))
        return max(min(round_half_up(amount), left), 0)
