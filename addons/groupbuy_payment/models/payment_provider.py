from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class PaymentProvider(models.Model):
    """What the providers of this addon have in common."""

    _name = "payment.provider"
    _inherit = ["payment.provider", "groupbuy.sealed.mixin"]

    groupbuy_base_url = fields.Char(
        string="API Address",
        help="Scheme and host of the provider's API; empty for the provider's own. "
        "Other hosts than the provider's, such as a simulator, in test mode only.",
        copy=False,
        groups="base.group_system",
    )

    @api.constrains("groupbuy_base_url", "state", "code")
    def _check_groupbuy_base_url(self):
        for provider in self.sudo():
            url = provider.groupbuy_base_url
            if not url:
                continue
            try:
                parts = urlsplit(url)
                well_formed = (
                    parts.scheme in ("http", "https")
                    and url == f"{parts.scheme}://{parts.netloc}"
                    and bool(parts.hostname)
                    and parts.username is None
                    and (parts.port is None or parts.port > 0)
                )
            except ValueError:
                well_formed = False
            if not well_formed:
                raise ValidationError(
                    self.env._("The API's address is a scheme and a host: https://….")
                )
            own = parts.scheme == "https" and (
                parts.netloc in provider._groupbuy_get_hosts()
            )
            if not own and provider.state == "enabled":
                raise ValidationError(
                    self.env._(
                        "%(host)s is not the provider's: real money moves only through "
                        "the provider's own API. Use the test mode, or leave the API's "
                        "address empty.",
                        host=parts.netloc,
                    )
                )

    def _groupbuy_get_hosts(self):
        """:return: the hosts of this provider's own API"""
        return ()

    def _groupbuy_get_url(self, path):
        """:return: the whole address of one of our own paths, for the provider"""
        return f"{self.get_base_url().rstrip('/')}{path}"
