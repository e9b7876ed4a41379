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
