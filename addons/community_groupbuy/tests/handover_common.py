from .common import GroupbuyCommon


class HandoverCommon(GroupbuyCommon):
    """Goods in the warehouse, and what brings them to the pickup points."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.west = cls.env["groupbuy.pickup.point"].create(
            {"name": "West Gate", "street": "9 Spring Road", "city": "Jinan"}
        )
        cls.warehouse = cls.env["stock.warehouse"].search(
            [("company_id", "=", cls.company.id)], limit=1
        )
        cls.company.partner_id.tz = "Asia/Shanghai"
        for product in (cls.leek, cls.ginger):
            cls.env["stock.quant"]._update_available_quantity(
                product, cls.warehouse.lot_stock_id, 1000
            )

    def _buy_at(self, *buyers, campaign=None):
        """Buy, close the campaign, and leave the goods in the warehouse.

        :param buyers: (user, quantities, pickup point)
        :return: the orders
        """
        campaign = campaign or self._create_campaign(
            self._example(), self._offer(self.ginger, 18)
        )
        orders = self.env["sale.order"]
        for user, quantities, point in buyers:
            orders |= self._buy(campaign, user, quantities, point=point)
        self._close(campaign)
        return orders

    def _get_transfers(self, orders):
        handovers = orders.picking_ids.filtered(
            lambda picking: picking.groupbuy_kind == "handover"
        )
        return handovers.move_ids.move_orig_ids.picking_id

    def _dispatch(self, orders):
        """Let the goods of these orders leave the warehouse."""
        transfers = self._get_transfers(orders)
        transfers.action_assign()
        transfers.move_ids.picked = True
        transfers._action_done()
        return transfers

    def _arrive(self, orders):
        """Bring the goods of these orders to their points."""
        transfers = self._dispatch(orders)
        transfers.groupbuy_record_arrival()
        return transfers

    def _get_stock(self, product, location):
        return self.env["stock.quant"]._get_available_quantity(product, location)

    def _get_quantity(self, product, location):
        """:return: the pieces there by the books, reserved or not"""
        quants = self.env["stock.quant"].search(
            [("product_id", "=", product.id), ("location_id", "=", location.id)]
        )
        return sum(quants.mapped("quantity"))
