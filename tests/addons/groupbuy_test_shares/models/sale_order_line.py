from odoo import models

LEADER = "JOURNEY-LEADER"
COMMISSION = 0.1
FEE = 0.05


class SaleOrderLine(models.Model):
    """The goods of a product with a vendor are that vendor's; one leader has a
    commission on all goods, and the platform a fee on the vendors'."""

    _inherit = "sale.order.line"

    def _groupbuy_owner(self):
        """Override: vendors own what they sell."""
        owners = super()._groupbuy_owner()
        for line in self:
            if vendor := line.product_id.seller_ids[:1].partner_id:
                owners[line] = (vendor, "merchant")
        return owners

    def _groupbuy_charges(self):
        """Override: the leader's commission, and the platform's fee."""
        charges = super()._groupbuy_charges()
        leader = self.env["res.partner"].search([("ref", "=", LEADER)], limit=1)
        for line, base in self._groupbuy_get_bases().items():
            if not line._is_groupbuy_goods():
                continue
            commission = {"payee": leader, "role": "leader", "kind": "commission"}
            charges[line].append({**commission, "amount": base * COMMISSION})
            if line.product_id.seller_ids:
                platform = line.company_id.partner_id
                fee = {"payee": platform, "role": "platform", "kind": "fee"}
                charges[line].append({**fee, "amount": base * FEE})
        return charges
