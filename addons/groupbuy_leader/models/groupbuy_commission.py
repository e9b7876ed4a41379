from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import SQL

from .groupbuy_commission_terms import KINDS


class GroupbuyCommission(models.Model):
    """What one leader gets of one order line, by which rule and at which rate.

    Who and at which rate is fixed when the order is paid. How much follows the line:
    its final price, what is taken off it and what is given back. What has been earned
    is what the share ledger says.
    """

    _name = "groupbuy.commission"
    _description = "Commission"
    _inherit = ["groupbuy.commission.terms"]
    _order = "id desc"
    _rec_name = "order_id"

    leader_id = fields.Many2one(
        "groupbuy.leader",
        readonly=True,
        index=True,
        ondelete="restrict",
        help="Empty while the order has no leader who may earn.",
    )
    level_id = fields.Many2one(
        "groupbuy.leader.level",
        string="Level Then",
        readonly=True,
        ondelete="restrict",
    )
    kind = fields.Selection(KINDS, string="Earned", required=True, readonly=True)
    rule_id = fields.Many2one(
        "groupbuy.commission.rule",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="Empty: the usual rate of the settings.",
    )
    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Order Line",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    order_id = fields.Many2one(
        "sale.order", required=True, readonly=True, index=True, ondelete="cascade"
    )
    product_id = fields.Many2one(related="sale_line_id.product_id")
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="restrict"
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    base = fields.Monetary(
        readonly=True,
        help="After discounts and allowances, with or without tax as the rule says.",
    )
    quantity = fields.Float(readonly=True, digits="Product Unit")
    amount = fields.Monetary(string="Commission", readonly=True)
    reason = fields.Char(string="Why This Amount", compute="_compute_reason")

    _line_unique = models.UniqueIndex("(sale_line_id, kind)")

    @api.depends("amount", "base", "quantity")
    @api.depends_context("lang")
    def _compute_reason(self):
        for commission in self:
            commission.reason = commission._get_reason()

    def _get_reason(self):
        currency = self.currency_id
        source = self.rule_id.name or self.env._("Usual rate")
        if self.method == "percent":
            base = currency.format(self.base)
            terms = {"rule": source, "rate": f"{self.rate:g}", "base": base}
            if self.reckoned_on == "untaxed":
                text = self.env._(
                    "%(rule)s: %(rate)s%% of %(base)s, without tax", **terms
                )
            else:
                text = self.env._("%(rule)s: %(rate)s%% of %(base)s", **terms)
        else:
            text = self.env._(
                "%(rule)s: %(amount)s for each of %(quantity)s",
                rule=source,
                amount=currency.format(self.unit_amount),
                quantity=f"{self.quantity:g}",
            )
        unit = currency.rounding
        whole = self._reckon(
            round(self.base / unit), self.quantity, round(self.amount / unit) + 1
        )
        if whole > round(self.amount / unit):
            text = self.env._("%s; not more than what was paid", text)
        return text

    # === AMOUNTS === #

    def _get_amounts(self, received=True):
        """Reckon what these commissions come to now.

        One line has at most two, for the pickup point and for bringing the order. They
        never exceed what the line brings in after all discounts.

        :param bool received: whether orders count only once they have been received
        :return: {commission: (base, quantity, amount)}, base and amount in the smallest
            unit of the company's currency
        """
        lines = self.sale_line_id
        bases = lines._groupbuy_get_commission_bases(received)
        left, result = {}, {}
        # What the pickup point gets comes first.
        for commission in self.sorted(lambda own: own.kind != "service"):
            line = commission.sale_line_id
            if line.order_id.state == "cancel" or not commission.leader_id:
                result[commission] = (0, 0.0, 0)
                continue
            units = round(bases[line] / line.company_id.currency_id.rounding)
            base = commission._get_base(line, units)
            quantity = line._groupbuy_get_pieces()
            amount = commission._reckon(base, quantity, left.setdefault(line, units))
            left[line] -= amount
            result[commission] = (base, quantity, amount)
        return result

    def _work_out(self):
        """Bring base, quantity and amount of these commissions in step."""
        self.flush_model()
        units = {
            commission: Decimal(str(commission.company_id.currency_id.rounding))
            for commission in self
        }
        rows = [
            (
                commission.id,
                base * units[commission],
                quantity,
                amount * units[commission],
            )
            for commission, (base, quantity, amount) in self._get_amounts(False).items()
        ]
        if not rows:
            return
        ids, bases, quantities, amounts = zip(*rows, strict=True)
        self.env.execute_query(
            SQL(
                """
                UPDATE groupbuy_commission AS c
                   SET base = new.base, quantity = new.quantity, amount = new.amount
                  FROM unnest(%s::int[], %s::numeric[], %s::numeric[], %s::numeric[])
                    AS new(id, base, quantity, amount)
                 WHERE c.id = new.id
                   AND (c.base, c.quantity, c.amount)
                       IS DISTINCT FROM (new.base, new.quantity, new.amount)
             RETURNING c.id
                """,
                list(ids),
                list(bases),
                list(quantities),
                list(amounts),
            )
        )
        self.invalidate_recordset(["base", "quantity", "amount", "reason"], flush=False)
