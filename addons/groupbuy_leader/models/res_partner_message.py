import hmac as hmac_lib

from odoo import api, fields, models
from odoo.tools import hmac


class ResPartner(models.Model):
    """Whether a resident wants to hear from leaders."""

    _inherit = "res.partner"

    groupbuy_no_leader_messages = fields.Boolean(
        string="No Messages from Leaders",
        help="What concerns this resident's own orders still comes from us.",
    )

    def _groupbuy_get_opt_out_token(self):
        self.ensure_one()
        # Signed with the database's secret, which residents cannot read.
        return hmac(self.env(su=True), "groupbuy-leader-messages", self.id)[:32]

    def _groupbuy_get_opt_out_url(self):
        """:return: where this resident stops leaders' messages without signing in"""
        self.ensure_one()
        token = self._groupbuy_get_opt_out_token()
        return f"{self.get_base_url()}/groupbuy/messages/{self.id}/{token}"

    @api.model
    def _groupbuy_find_opt_out(self, partner_id, token):
        """:return: the resident whose link this is, sudoed; nobody if it is false"""
        # The signature has just this purpose.
        partner_sudo = self.sudo().browse(partner_id).exists()
        if not partner_sudo:
            return partner_sudo
        valid = hmac_lib.compare_digest(
            partner_sudo._groupbuy_get_opt_out_token().encode(), str(token).encode()
        )
        return partner_sudo if valid else partner_sudo.browse()
