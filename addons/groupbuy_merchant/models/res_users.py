from odoo import models

MONEY_ROLES = ("owner", "finance")


class ResUsers(models.Model):
    _inherit = "res.users"

    def _groupbuy_get_merchant(self, *roles):
        """Find whom this user works for here.

        :param roles: owner, staff, finance; none for any of them
        :return: the merchant, sudoed, in whatever state; empty if there is none
        """
        self.ensure_one()
        # Portal users have no rights on merchants; only one's own is looked for.
        member_sudo = (
            self.env["groupbuy.merchant.member"]
            .sudo()
            .search(
                [
                    ("user_id", "=", self.id),
                    ("company_id", "=", self.env.company.id),
                    *([("role", "in", roles)] if roles else []),
                ],
                limit=1,
            )
        )
        return member_sudo.merchant_id

    def _groupbuy_get_payee(self):
        """Override: the money of a shop is the merchant's, not that of its users."""
        merchant_sudo = self._groupbuy_get_merchant(*MONEY_ROLES)
        if merchant_sudo:
            return merchant_sudo.partner_id.sudo(self.env.su)
        return super()._groupbuy_get_payee()
