from odoo import models
from odoo.fields import Command


class SaleOrder(models.Model):
    """Second leg of a join's goods: from its pickup point to the resident.

    The ways of group-buy goods are known, so their moves are written directly, all
    orders of a chunk together, instead of asking the procurement rules one by one.
    """

    _inherit = "sale.order"

    def _groupbuy_plan_deliveries(self):
        """Write one delivery per order, out of the pickup point's own location."""
        vals_list = [
            vals for order in self for vals in order._groupbuy_prepare_deliveries()
        ]
        pickings = self.env["stock.picking"].create(vals_list)
        pickings.move_ids._action_confirm(merge=False)
        return pickings

    def _groupbuy_prepare_deliveries(self):
        self.ensure_one()
        lines = self.order_line.filtered(
            lambda line: (
                line.groupbuy_offer_id
                and line.product_id.type == "consu"
                and line.product_uom_qty > 0
            )
        )
        if not lines:
            return []
        common = {
            "picking_type_id": self.company_id._get_groupbuy_handover_type().id,
            "location_id": self.pickup_point_id.location_id.id,
            "location_dest_id": self.partner_id.property_stock_customer.id,
            "company_id": self.company_id.id,
            "partner_id": self.partner_id.id,
            "origin": self.name,
        }
        date = self.groupbuy_campaign_id.pickup_date or self.date_order
        return [
            {
                **common,
                "groupbuy_kind": "handover",
                "groupbuy_stage": "warehouse",
                "groupbuy_campaign_id": self.groupbuy_campaign_id.id,
                "pickup_point_id": self.pickup_point_id.id,
                "scheduled_date": date,
                "move_ids": [
                    Command.create(
                        {
                            **common,
                            "date": date,
                            "product_id": line.product_id.id,
                            "product_uom": line.product_uom_id.id,
                            "product_uom_qty": line.product_uom_qty,
                            "sale_line_id": line.id,
                        }
                    )
                    for line in lines
                ],
            }
        ]
