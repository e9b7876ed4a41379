from odoo import models
from odoo.exceptions import UserError


class GroupbuyCampaign(models.Model):
    _inherit = "groupbuy.campaign"

    def _check_join_lines(self, lines):
        """Override: nothing withheld is joined, also while its page is still open."""
        wanted = super()._check_join_lines(lines)
        # Residents cannot read such offers, not even to hear that they are gone.
        offers_sudo = self.sudo().offer_ids
        for offer_sudo in offers_sudo:
            if offer_sudo.id in wanted and offer_sudo.withheld:
                raise UserError(
                    self.env._(
                        "%s is not for sale at the moment.",
                        offer_sudo._get_product_name(),
                    )
                )
        return wanted
