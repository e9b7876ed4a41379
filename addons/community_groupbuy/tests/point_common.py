from odoo import fields

from .common import GroupbuyCommon


class PointCommon(GroupbuyCommon):
    """Two more points beside East Gate, and goods in the warehouse."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.point.write({"latitude": 36.65, "longitude": 117.0})
        cls.north, cls.west = cls.env["groupbuy.pickup.point"].create(
            [
                {
                    "name": "North Mall",
                    "street": "8 Lake Street",
                    "district": "Lixia",
                    "city": "Jinan",
                    "latitude": 36.68,
                    "longitude": 117.0,
                },
                {
                    "name": "West Kiosk",
                    "street": "3 Well Lane",
                    "district": "Huaiyin",
                    "city": "Jinan",
                },
            ]
        )
        cls.points = cls.point | cls.north | cls.west
        # Whatever else the database has.
        cls.env["groupbuy.pickup.point"].search(
            [("id", "not in", cls.points.ids)]
        ).active = False
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        for product in (cls.leek, cls.ginger):
            cls.env["stock.quant"]._update_available_quantity(
                product, cls.warehouse.lot_stock_id, 1000
            )

    def _today(self):
        return self.company._get_groupbuy_date()

    def _get_transfers(self, point, campaign=None):
        return self.env["stock.picking"].search(
            [
                ("groupbuy_kind", "=", "transfer"),
                ("pickup_point_id", "=", point.id),
                ("groupbuy_campaign_id", "=", campaign.id if campaign else False),
                ("state", "!=", "cancel"),
            ]
        )

    def _get_brought(self, point, campaign=None):
        """:return: {product: pieces} that transfers bring, or brought, to a point"""
        moves = self._get_transfers(point, campaign).move_ids
        moves = moves.filtered(lambda move: move.state != "cancel")
        return {
            product: sum(own.mapped("product_uom_qty"))
            for product, own in moves.grouped("product_id").items()
        }

    @classmethod
    def _set_address(cls, user, **vals):
        user.partner_id.write(
            {
                "street": "5 Garden Road",
                "street2": "Lixia",
                "city": "Jinan",
                "zip": "250014",
                "country_id": cls.env.ref("base.cn").id,
                **vals,
            }
        )

    def _dispatch(self, transfers):
        for move in transfers.move_ids.filtered(lambda m: m.state != "cancel"):
            move.quantity = move.product_uom_qty
        transfers.move_ids.picked = True
        transfers.button_validate()

    @classmethod
    def _create_pickup_order(cls, user, product, quantity, point, **vals):
        """An ordinary order of the shop, to be collected, not confirmed yet."""
        return cls.env["sale.order"].create(
            {
                "partner_id": user.partner_id.id,
                "carrier_id": cls.env.ref(
                    "community_groupbuy.delivery_carrier_pickup"
                ).id,
                "pickup_point_id": point.id,
                "date_order": fields.Datetime.now(),
                "order_line": [
                    fields.Command.create(
                        {"product_id": product.id, "product_uom_qty": quantity}
                    )
                ],
                **vals,
            }
        )
