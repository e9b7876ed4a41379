from urllib.parse import urljoin

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..protocols import alipay, alipay_keys
from .groupbuy_sealed_mixin import sealed

# The vendor's own gateway and its sandbox.
ALIPAY_HOSTS = ("openapi.alipay.com", "openapi-sandbox.dl.alipaydev.com")


class PaymentProvider(models.Model):
    """Alipay: the account of one merchant, and how to talk to Alipay for it."""

    _inherit = "payment.provider"

    code = fields.Selection(
        selection_add=[("alipay", "Alipay")], ondelete={"alipay": "set default"}
    )
    alipay_app_id = fields.Char(
        string="Alipay Application ID",
        required_if_provider="alipay",
        copy=False,
        groups="base.group_system",
    )
    alipay_seller_id = fields.Char(
        string="Alipay Merchant ID",
        help="The merchant's number at Alipay: 16 digits that begin with 2088. "
        "Notifications about another merchant's money are refused.",
        required_if_provider="alipay",
        copy=False,
        groups="base.group_system",
    )
    alipay_private_key, alipay_private_key_sealed = sealed(
        "alipay_private_key",
        string="Application Private Key",
        help="The RSA key that requests are signed with, as PEM or bare base64. It is "
        "encrypted in the database.",
        required_if_provider="alipay",
        groups="base.group_system",
    )
    alipay_key_mode = fields.Selection(
        [("public_key", "Public key"), ("certificate", "Certificates")],
        string="Alipay Verifies By",
        help="As chosen for the application at Alipay. Transfers to people need "
        "certificates.",
        default="public_key",
        groups="base.group_system",
    )
    alipay_public_key = fields.Text(
        help="Alipay's key, not the application's, as PEM or bare base64.",
        copy=False,
        groups="base.group_system",
    )
    alipay_app_certificate = fields.Text(
        string="Application Certificate", copy=False, groups="base.group_system"
    )
    alipay_certificate = fields.Text(
        string="Alipay Certificates",
        help="Alipay's certificate as PEM. When it is renewed, put the new one next to "
        "the old one.",
        copy=False,
        groups="base.group_system",
    )
    alipay_root_certificate = fields.Text(
        string="Alipay Root Certificates", copy=False, groups="base.group_system"
    )
    alipay_desktop_product = fields.Selection(
        [("page", "Alipay's page"), ("precreate", "QR code on our page")],
        string="On a Computer",
        help="How people at a computer pay. Phones always open Alipay.",
        default="page",
        groups="base.group_system",
    )

    # === COMPUTE METHODS === #

    def _compute_feature_support_fields(self):
        """Override of `payment`: refunds, also partial ones."""
        res = super()._compute_feature_support_fields()
        self.filtered(lambda provider: provider.code == "alipay").update(
            {"support_refund": "partial"}
        )
        return res

    def _get_supported_currencies(self):
        """Override of `payment`: yuan only."""
        currencies = super()._get_supported_currencies()
        if self.code != "alipay":
            return currencies
        return currencies.filtered(lambda currency: currency.name == "CNY")

    def _get_default_payment_method_codes(self):
        """Override of `payment` to return Alipay's method."""
        self.ensure_one()
        if self.code != "alipay":
            return super()._get_default_payment_method_codes()
        return {"alipay"}

    def _get_reset_values(self):
        """Override of `payment` to forget the credentials."""
        if self.code != "alipay":
            return super()._get_reset_values()
        return dict.fromkeys(
            (
                "alipay_app_id",
                "alipay_seller_id",
                "alipay_private_key",
                "alipay_public_key",
                "alipay_app_certificate",
                "alipay_certificate",
                "alipay_root_certificate",
            ),
            False,
        )

    def _groupbuy_get_hosts(self):
        """Override to name Alipay's own hosts."""
        if self.code != "alipay":
            return super()._groupbuy_get_hosts()
        return ALIPAY_HOSTS

    # === CONSTRAINT METHODS === #

    @api.constrains(
        "code",
        "state",
        "alipay_private_key_sealed",
        "alipay_key_mode",
        "alipay_public_key",
        "alipay_app_certificate",
        "alipay_certificate",
        "alipay_root_certificate",
    )
    def _check_alipay_keys(self):
        for provider in self:
            if provider.code == "alipay" and provider.state != "disabled":
                provider.sudo()._alipay_load("alipay_private_key")
                provider._alipay_client()

    # === REQUESTS === #

    def _alipay_request(self, method, biz_content, **params):
        """Send a request to Alipay and verify its answer.

        :param str method: such as `alipay.trade.query`
        :param dict biz_content: the request's own values; amounts as text in yuan
        :param params: `notify_url`
        :return: the signed answer (dict) of a request that was successful
        :raise alipay.UnknownOutcome: nobody knows whether it had an effect
        :raise alipay.Refused: Alipay refused it; `code` says why
        :raise ValidationError: the keys are not set up
        """
        self.ensure_one()
        return self._alipay_client().request(method, biz_content, **params)

    def _alipay_client(self):
        """:return: this provider's :class:`alipay.Client`
        :raise ValidationError: a key or certificate is missing or cannot be read
        """
        self.ensure_one()
        # Private, and the secrets stay in here: whoever pays may not read them. Only
        # this provider's are opened, whatever is the matter with the others'.
        provider_sudo = self.sudo().with_prefetch()
        serials = {}
        if provider_sudo.alipay_key_mode == "certificate":
            [certificate, *_chain] = provider_sudo._alipay_load(
                "alipay_app_certificate"
            )
            roots = provider_sudo._alipay_load("alipay_root_certificate")
            serials = {
                "app_cert_sn": alipay_keys.get_serial(certificate),
                "alipay_root_cert_sn": "_".join(map(alipay_keys.get_serial, roots)),
            }
        return alipay.Client(
            provider_sudo.alipay_app_id,
            # It was checked when it was entered.
            provider_sudo._alipay_load("alipay_private_key", checked=True),
            provider_sudo._alipay_get_public_keys(),
            serials,
            urljoin(provider_sudo.groupbuy_base_url or alipay.GATEWAY, "/gateway.do"),
        )

    def _alipay_get_public_keys(self):
        """:return: Alipay's public keys by serial of their certificate; in key mode one
        under `None`
        """
        if self.alipay_key_mode != "certificate":
            return {None: self._alipay_load("alipay_public_key")}
        return {
            alipay_keys.get_serial(certificate): certificate.public_key()
            for certificate in self._alipay_load("alipay_certificate")
        }

    def _alipay_get_notify_url(self):
        """:return: where Alipay sends its notifications"""
        return self._groupbuy_get_url("/payment/alipay/notify")

    def _alipay_load(self, name, **kwargs):
        load = {
            "alipay_private_key": alipay_keys.load_private_key,
            "alipay_public_key": alipay_keys.load_public_key,
        }.get(name, alipay_keys.load_certificates)
        try:
            return load(self[name] or "", **kwargs)
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "%(field)s of %(provider)s cannot be read: %(error)s",
                    field=self._fields[name]._description_string(self.env),
                    provider=self.name,
                    error=error,
                )
            ) from None
