import base64

from odoo import models
from odoo.exceptions import UserError


class StockPicking(models.Model):
    """What leaders report about a delivery is looked at more closely."""

    _inherit = "stock.picking"

    def _groupbuy_read_photo(self, photo):
        """Override of `community_groupbuy`: phones say in a photo where it was taken,
        so that those of leaders are written anew."""
        photo = super()._groupbuy_read_photo(photo)
        if not photo or self.env.user._is_internal():
            return photo
        _name, content = self.env["sale.order"]._groupbuy_read_photo(("", photo))
        return base64.b64encode(content).decode()

    def _groupbuy_read_substitute(self, product, line):
        """Override of `community_groupbuy`: what is sold instead, the platform says."""
        substitute = super()._groupbuy_read_substitute(product, line)
        if substitute and not self.env.user._is_internal():
            raise UserError(
                self.env._("Ask us before residents get something else instead.")
            )
        return substitute

    def _groupbuy_sell_substitute(self, product, substituted):
        """Override: what comes instead brings leaders what the lost goods would."""
        olds = [move.sale_line_id for move in substituted]
        # Nobody needs rights on commissions to bring something else.
        orders_sudo = self.env["stock.move"].concat(*substituted).sale_line_id.order_id
        orders_sudo = orders_sudo.sudo()
        orders_sudo._groupbuy_fix_before()
        lines = super()._groupbuy_sell_substitute(product, substituted)
        rows_sudo = orders_sudo.groupbuy_commission_ids.grouped("sale_line_id")
        no_rows = self.env["groupbuy.commission"].sudo()
        no_rows.create(
            [
                vals
                for old, line in zip(olds, lines, strict=True)
                for vals in rows_sudo.get(old, no_rows).copy_data(
                    {"sale_line_id": line.id}
                )
            ]
        )
        orders_sudo.filtered("groupbuy_commission_at").groupbuy_commission_due = True
        return lines
