from odoo import models
from odoo.tools import OrderedSet


class StockMoveLine(models.Model):
    """Goods of many orders leave a point at once, and are booked once per product."""

    _inherit = "stock.move.line"

    def _action_done(self):
        """Override of `stock`, which books the stock line by line, three times each."""
        handed = self.filtered(lambda line: line.picking_id.groupbuy_kind == "handover")
        collecting = handed.with_context(groupbuy_bookings={})
        # An environment is shared with whoever asked for an equal one before.
        bookings = collecting.env.context["groupbuy_bookings"]
        bookings.clear()
        super(StockMoveLine, collecting)._action_done()
        handed._groupbuy_book(bookings)
        return super(StockMoveLine, self - handed)._action_done()

    def _synchronize_quant(
        self, quantity, location, action="available", in_date=False, **quants_value
    ):
        """Override of `stock` to note what is to be booked, see `_action_done`."""
        bookings = self.env.context.get("groupbuy_bookings")
        if bookings is None:
            return super()._synchronize_quant(
                quantity, location, action=action, in_date=in_date, **quants_value
            )
        key = (
            action,
            self.product_id,
            location,
            quants_value.get("lot", self.lot_id),
            quants_value.get("package", self.package_id),
            quants_value.get("owner", self.owner_id),
        )
        total, _line = bookings.get(key, (0.0, self))
        bookings[key] = (total + quantity, self.id)
        return 0.0, False

    def _groupbuy_book(self, bookings):
        """:param dict bookings: {(action, product, location, lot, package, owner):
        (pieces in the product's unit, id of one of these lines)}
        """
        # In one order for everybody, so that nobody waits for each other.
        for key in sorted(bookings, key=lambda key: (key[1].id, key[2].id)):
            quantity, line_id = bookings[key]
            action, product, location, lot, package, owner = key
            line = self.browse(line_id)
            available, _date = line._synchronize_quant(
                quantity, location, action, lot=lot, package=package, owner=owner
            )
            if available < 0:
                # Others had reserved what is gone now, as `stock` frees it.
                line._free_reservation(
                    product,
                    location,
                    -available,
                    lot_id=lot,
                    package_id=package,
                    owner_id=owner,
                    ml_ids_to_ignore=OrderedSet(self.ids),
                )
