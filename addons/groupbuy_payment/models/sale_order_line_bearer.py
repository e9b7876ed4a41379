from collections import defaultdict

from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column

from .loyalty_program_bearer import BEARERS


def apportion(total, weights):
    """Divide an amount in proportion to weights.

    Each part is rounded towards 0; the units that are left go, one each, to the parts
    that rounding has cost the most, the first one first where that is the same.

    :param int total: in the smallest unit, may be negative
    :param dict weights: {key: integer, at least 0}
    :return: {key: integer} that add up to `total`; {} where nothing has a weight
    """
    whole = sum(weights.values())
    if not whole:
        return {}
    sign = -1 if total < 0 else 1
    parts, rests = {}, {}
    for key, weight in weights.items():
        parts[key], rests[key] = divmod(abs(total) * weight, whole)
    left = abs(total) - sum(parts.values())
    for key in sorted(rests, key=rests.get, reverse=True)[:left]:
        parts[key] += 1
    return {key: sign * part for key, part in parts.items()}


class SaleOrderLine(models.Model):
    """Discounts, and who bears them: the platform, or whoever sells the goods."""

    _inherit = "sale.order.line"

    groupbuy_bearer = fields.Selection(
        BEARERS,
        string="Discount Borne By",
        compute="_compute_groupbuy_bearer",
        store=True,
        precompute=True,
        copy=False,
        help="As the program said when the discount was given; empty for other lines.",
    )

    def _auto_init(self):
        """Discounts that were given before anybody was asked are the platform's."""
        if not column_exists(self.env.cr, self._table, "groupbuy_bearer"):
            create_column(self.env.cr, self._table, "groupbuy_bearer", "varchar")
            self.env.cr.execute(
                """
                UPDATE sale_order_line AS l SET groupbuy_bearer = 'platform'
                  FROM loyalty_reward AS r
                  JOIN loyalty_program AS p ON p.id = r.program_id
                 WHERE r.id = l.reward_id AND r.reward_type = 'discount'
                   AND p.program_type NOT IN ('gift_card', 'ewallet')
                """
            )
        return super()._auto_init()

    @api.depends("reward_id")
    def _compute_groupbuy_bearer(self):
        """A program that changes its mind changes no order."""
        for line in self:
            reward = line.reward_id
            program = reward.program_id
            # Gift cards and wallets pay: they are no discount that somebody bears.
            is_discount = (
                reward.reward_type == "discount" and not program.is_payment_program
            )
            line.groupbuy_bearer = is_discount and program.groupbuy_bearer

    def _groupbuy_charges(self):
        """Override: a discount that the sellers bear is theirs, each one's part."""
        charges = super()._groupbuy_charges()
        discounts = self.filtered(lambda line: line.groupbuy_bearer == "owner")
        divided = discounts._groupbuy_divide_discounts(("owner",))
        if not divided:
            return charges
        owners = self.union(*(line for parts in divided.values() for line in parts))
        owners = owners._groupbuy_owner()
        for discount in discounts:
            sums = defaultdict(int)
            for goods, units in divided.get(discount, {}).items():
                sums[owners[goods]] += units
            unit = discount.company_id.currency_id.rounding
            charges[discount] = charges[discount] + [
                {
                    "payee": payee,
                    "role": role,
                    "kind": "discount",
                    "amount": units * unit,
                }
                for (payee, role), units in sums.items()
            ]
        return charges

    def _groupbuy_get_commission_bases(self, received=True):
        """Reckon what commission is a percentage of.

        :param bool received: whether orders count only once they have been received
        :return: {line: the line's total, with tax, less the allowances given on it and
            its part of all discounts, whoever bears them; in the company's currency}
        """
        return self._groupbuy_get_bases(("owner", "platform"), received)

    def _groupbuy_divide_discounts(self, bearers, received=True):
        """Divide the discounts of these lines' orders among the goods they are for.

        In proportion to what the goods cost, allowances not counted: those are given
        later, and do not shift what others bear.

        :param tuple bearers: whose discounts
        :param bool received: whether orders count only once they have been received
        :return: {discount line: {line of goods: units, negative}}
        """
        discounts = self.order_id.order_line.filtered(
            lambda line: line.groupbuy_bearer in bearers
        )
        if not discounts:
            return {}
        goods = discounts.order_id.order_line.filtered(
            lambda line: line._is_groupbuy_goods()
        )
        units = (discounts | goods)._groupbuy_get_totals(received)
        goods_of = goods.grouped("order_id")
        chosen = {
            reward: reward._groupbuy_filter_discounted(goods)
            for reward in discounts.reward_id
        }
        return {
            discount: apportion(
                units[discount],
                {
                    line: max(units[line], 0)
                    for line in discount._groupbuy_filter_own(
                        goods_of.get(discount.order_id, goods.browse())
                        & chosen[discount.reward_id]
                    )
                },
            )
            for discount in discounts
        }

    def _groupbuy_filter_own(self, goods):
        """:return: those of the goods that a reward discounts for which this line of it
        is: a reward has a line for each tax"""
        self.ensure_one()
        if self.reward_id.discount_applicability == "cheapest":
            goods = goods.filtered("product_uom_qty").sorted("price_unit")[:1]
        return goods.filtered(lambda line: line.tax_ids == self.tax_ids) or goods
