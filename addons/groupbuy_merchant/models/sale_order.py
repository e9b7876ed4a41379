from odoo import models
from odoo.exceptions import ValidationError
from odoo.fields import Domain

# In which nothing has been bought yet.
UNPAID = ("draft", "sent")


class SaleOrder(models.Model):
    """Carts and joins with goods that may not be sold any more."""

    _inherit = "sale.order"

    def _groupbuy_find_withheld(self):
        """:return: the lines of these unpaid orders whose goods are withheld, sudoed"""
        # Whose order it is was checked; such goods cannot be read otherwise.
        return (
            self.env["sale.order.line"]
            .sudo()
            .search(
                Domain("order_id", "in", self.ids)
                & Domain("state", "in", UNPAID)
                & Domain("product_id.product_tmpl_id.groupbuy_withheld", "=", True)
            )
        )

    def _groupbuy_get_withheld_text(self):
        """:return: which goods of this cart or join cannot be paid; "" if all can"""
        names = {line.product_id.name for line in self._groupbuy_find_withheld()}
        if not names:
            return ""
        return self.env._(
            "Not for sale at the moment: %s. Take it out of your cart.",
            ", ".join(sorted(names)),
        )

    def _groupbuy_check_withheld(self):
        """:raise ValidationError: some of the goods are not for sale any more"""
        if text := self._groupbuy_get_withheld_text():
            raise ValidationError(text)

    def _check_cart_is_ready_to_be_paid(self):
        """Override of `website_sale`: nothing withheld is paid."""
        self._groupbuy_check_withheld()
        return super()._check_cart_is_ready_to_be_paid()

    def _get_shop_warning(self, clear=True):
        """Override of `website_sale`: the cart's page says so in time."""
        warnings = (
            super()._get_shop_warning(clear),
            self._groupbuy_get_withheld_text(),
        )
        return "\n".join(filter(None, warnings))

    def _is_cart_ready(self):
        """Override of `website_sale`: from there it goes no further."""
        return super()._is_cart_ready() and not self._groupbuy_find_withheld()

    def _verify_updated_quantity(
        self, order_line, product_id, new_qty, uom_id, **kwargs
    ):
        """Override of `website_sale`: what is withheld gets into no cart, by whatever
        way somebody asks for it, and leaves it as soon as it is touched."""
        # Only whether it may be sold is looked at.
        product_sudo = self.env["product.product"].sudo().browse(product_id)
        if new_qty > 0 and product_sudo.groupbuy_withheld:
            return 0, self.env._("This product is not for sale at the moment.")
        return super()._verify_updated_quantity(
            order_line, product_id, new_qty, uom_id, **kwargs
        )
