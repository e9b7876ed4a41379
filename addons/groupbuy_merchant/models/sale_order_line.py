from odoo import api, fields, models
from odoo.tools.sql import column_exists, create_column


class SaleOrderLine(models.Model):
    """Whose goods were bought, and at which fee: as on the day of the order."""

    _inherit = "sale.order.line"

    groupbuy_merchant_id = fields.Many2one(
        "groupbuy.merchant",
        string="Merchant",
        compute="_compute_groupbuy_merchant",
        store=True,
        precompute=True,
        index="btree_not_null",
        ondelete="restrict",
    )
    groupbuy_fee_rate = fields.Float(
        string="Platform Fee (%)",
        compute="_compute_groupbuy_merchant",
        store=True,
        precompute=True,
        aggregator="avg",
    )

    def _auto_init(self):
        """What was sold before there were merchants is the platform's own."""
        if not column_exists(self.env.cr, self._table, "groupbuy_merchant_id"):
            create_column(self.env.cr, self._table, "groupbuy_merchant_id", "int4")
            create_column(self.env.cr, self._table, "groupbuy_fee_rate", "float8")
        return super()._auto_init()

    @api.depends("product_id")
    def _compute_groupbuy_merchant(self):
        """Depends on nothing that changes later: neither another merchant of the
        product nor another fee changes an order."""
        sold = self.filtered("product_id.product_tmpl_id.groupbuy_merchant_id")
        (self - sold).update({"groupbuy_merchant_id": False, "groupbuy_fee_rate": 0.0})
        rates = self.env["groupbuy.fee.rule"]._get_rates(
            sold.product_id.product_tmpl_id
        )
        for line in sold:
            template = line.product_id.product_tmpl_id
            line.groupbuy_merchant_id = template.groupbuy_merchant_id
            line.groupbuy_fee_rate = rates[template]

    def _groupbuy_owner(self):
        """Override: merchants own what they sell."""
        owners = super()._groupbuy_owner()
        for line in self:
            # What a charge for delivery or a discount stands for is nobody's goods.
            if line.groupbuy_merchant_id and line._is_groupbuy_goods():
                owners[line] = (line.groupbuy_merchant_id.partner_id, "merchant")
        return owners

    def _groupbuy_charges(self):
        """Override: the platform's fee, at the rate of the order's day."""
        charges = super()._groupbuy_charges()
        sold = self.filtered(
            lambda line: line.groupbuy_fee_rate and line._is_groupbuy_goods()
        )
        if not sold:
            return charges
        for line, base in sold._groupbuy_get_bases().items():
            charges[line] = [
                *charges[line],
                {
                    "payee": line.company_id.partner_id,
                    "role": "platform",
                    "kind": "fee",
                    "amount": base * line.groupbuy_fee_rate / 100,
                },
            ]
        return charges
