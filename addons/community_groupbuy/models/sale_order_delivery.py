from odoo import models
from odoo.fields import Command


class SaleOrder(models.Model):
    """Second leg of the goods: from the pickup point, or to the door.

    The ways of group-buy goods are known, so their moves are written directly, all
    orders of a chunk together, instead of asking the procurement rules one by one.
    """

    _inherit = "sale.order"

    def _groupbuy_plan_deliveries(self, lines):
        """Write one delivery per order with what is not planned yet of `lines`."""
        by_order = lines.grouped("order_id")
        vals_list = [
            vals
            for order, order_lines in by_order.items()
            for vals in order._groupbuy_prepare_deliveries(order_lines)
        ]
        pickings = self.env["stock.picking"].create(vals_list)
        pickings.move_ids._action_confirm(merge=False)
        # The closing of a campaign plans all its transfers at once, at its end.
        if not self.env.context.get("groupbuy_closing"):
            handovers = pickings.filtered(lambda p: p.groupbuy_kind == "handover")
            handovers.move_ids._groupbuy_attach()
        return pickings

    def _groupbuy_prepare_deliveries(self, lines):
        self.ensure_one()
        missing = {
            line: line._groupbuy_get_missing_quantity()
            for line in lines
            if line.product_id.type == "consu"
        }
        missing = {line: quantity for line, quantity in missing.items() if quantity > 0}
        if not missing:
            return []
        way = self._groupbuy_prepare_way()
        common = {
            name: way[name]
            for name in (
                "picking_type_id",
                "location_id",
                "location_dest_id",
                "company_id",
                "partner_id",
                "origin",
            )
        }
        return [
            {
                **way,
                "move_ids": [
                    Command.create(
                        {
                            **common,
                            "date": way["scheduled_date"],
                            "product_id": line.product_id.id,
                            "product_uom": line.product_uom_id.id,
                            "product_uom_qty": quantity,
                            "sale_line_id": line.id,
                        }
                    )
                    for line, quantity in missing.items()
                ],
            }
        ]

    def _groupbuy_prepare_way(self):
        """:return: the values of this order's delivery, without its goods"""
        point = self.pickup_point_id
        way = {
            "groupbuy_stage": "warehouse",
            "groupbuy_campaign_id": self.groupbuy_campaign_id.id,
            "location_dest_id": self.partner_id.property_stock_customer.id,
            "company_id": self.company_id.id,
            "origin": self.name,
            "scheduled_date": self._groupbuy_get_pickup_date(),
        }
        if point:
            way.update(
                groupbuy_kind="handover",
                pickup_point_id=point.id,
                picking_type_id=self.company_id._get_groupbuy_handover_type().id,
                location_id=point.location_id.id,
                partner_id=self.partner_id.id,
            )
        else:
            way.update(
                groupbuy_kind="door",
                picking_type_id=self.warehouse_id.out_type_id.id,
                location_id=self.warehouse_id.lot_stock_id.id,
                partner_id=self.partner_shipping_id.id,
                carrier_id=self.carrier_id.id,
            )
        return way

    def _groupbuy_get_pickup_date(self):
        """:return: when this order's goods are to be there"""
        self.ensure_one()
        return (
            self.groupbuy_campaign_id.pickup_date
            or self.commitment_date
            or self.date_order
        )
