import logging

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..protocols import wechat_crypto, wechat_pay
from .groupbuy_sealed_mixin import sealed

_logger = logging.getLogger(__name__)

WECHAT_HOSTS = ("api.mch.weixin.qq.com", "api2.mch.weixin.qq.com")
CREDENTIALS = (
    "wechat_appid",
    "wechat_mchid",
    "wechat_serial_no",
    "wechat_private_key",
    "wechat_apiv3_key",
)


class PaymentProvider(models.Model):
    """WeChat Pay: the account of one merchant, and how to talk to WeChat Pay for it."""

    _inherit = "payment.provider"

    code = fields.Selection(
        selection_add=[("wechat_pay", "WeChat Pay")],
        ondelete={"wechat_pay": "set default"},
    )
    wechat_appid = fields.Char(
        string="WeChat Application ID",
        help="Of the official account or mini program that is bound to the merchant.",
        required_if_provider="wechat_pay",
        copy=False,
        groups="base.group_system",
    )
    wechat_app_secret, wechat_app_secret_sealed = sealed(
        "wechat_app_secret",
        string="WeChat Application Secret",
        help="Of the official account. Payments inside WeChat need it to learn who "
        "pays. It is encrypted in the database.",
        groups="base.group_system",
    )
    wechat_mchid = fields.Char(
        string="WeChat Merchant Number",
        required_if_provider="wechat_pay",
        copy=False,
        groups="base.group_system",
    )
    wechat_serial_no = fields.Char(
        string="WeChat Merchant Certificate",
        help="The serial number of the merchant's API certificate.",
        required_if_provider="wechat_pay",
        copy=False,
        groups="base.group_system",
    )
    wechat_private_key, wechat_private_key_sealed = sealed(
        "wechat_private_key",
        string="WeChat Merchant Private Key",
        help="The content of apiclient_key.pem. It is encrypted in the database.",
        required_if_provider="wechat_pay",
        groups="base.group_system",
    )
    wechat_apiv3_key, wechat_apiv3_key_sealed = sealed(
        "wechat_apiv3_key",
        string="WeChat APIv3 Key",
        help="32 characters. It is encrypted in the database.",
        required_if_provider="wechat_pay",
        groups="base.group_system",
    )
    wechat_verify_mode = fields.Selection(
        [("public_key", "Public key"), ("certificate", "Platform certificates")],
        string="WeChat Pay Signs With",
        help="As the merchant platform shows it. Platform certificates are downloaded "
        "and renewed automatically; during the change from one to the other both are "
        "accepted.",
        default="public_key",
        required=True,
        groups="base.group_system",
    )
    wechat_public_key_id = fields.Char(
        string="WeChat Pay Public Key ID",
        help="It begins with PUB_KEY_ID_.",
        copy=False,
        groups="base.group_system",
    )
    wechat_public_key = fields.Text(
        string="WeChat Pay Public Key",
        help="The content of pub_key.pem.",
        copy=False,
        groups="base.group_system",
    )
    wechat_certificate_ids = fields.One2many(
        "groupbuy.wechat.certificate",
        "provider_id",
        string="WeChat Pay Certificates",
        groups="base.group_system",
    )
    wechat_certificates_asked_at = fields.Datetime(
        string="Certificates Asked For", copy=False, groups="base.group_system"
    )

    # === COMPUTE METHODS === #

    def _compute_feature_support_fields(self):
        """Override of `payment`: refunds, also partial ones."""
        res = super()._compute_feature_support_fields()
        self.filtered(lambda provider: provider.code == "wechat_pay").update(
            {"support_refund": "partial"}
        )
        return res

    def _get_supported_currencies(self):
        """Override of `payment`: yuan only."""
        currencies = super()._get_supported_currencies()
        if self.code != "wechat_pay":
            return currencies
        return currencies.filtered(lambda currency: currency.name == "CNY")

    def _get_default_payment_method_codes(self):
        """Override of `payment` to return WeChat Pay's method."""
        self.ensure_one()
        if self.code != "wechat_pay":
            return super()._get_default_payment_method_codes()
        return {"wechat_pay"}

    def _get_reset_values(self):
        """Override of `payment` to forget the credentials."""
        if self.code != "wechat_pay":
            return super()._get_reset_values()
        names = ("wechat_app_secret", "wechat_public_key_id", "wechat_public_key")
        return dict.fromkeys((*CREDENTIALS, *names), False)

    def _groupbuy_get_hosts(self):
        """Override to name WeChat Pay's own hosts."""
        if self.code != "wechat_pay":
            return super()._groupbuy_get_hosts()
        return WECHAT_HOSTS

    # === CONSTRAINT METHODS === #

    @api.constrains(
        "code",
        "state",
        "wechat_private_key",
        "wechat_apiv3_key",
        "wechat_verify_mode",
        "wechat_public_key_id",
        "wechat_public_key",
    )
    def _check_wechat_keys(self):
        for provider_sudo in self.sudo():
            if provider_sudo.code != "wechat_pay":
                continue
            key = provider_sudo.wechat_apiv3_key
            if key and len(key.encode()) != 32:
                raise ValidationError(self.env._("The APIv3 key has 32 characters."))
            if provider_sudo.wechat_private_key:
                provider_sudo._wechat_load("wechat_private_key")
            if provider_sudo.wechat_public_key:
                provider_sudo._wechat_load("wechat_public_key")
            elif (
                provider_sudo.state != "disabled"
                and provider_sudo.wechat_verify_mode == "public_key"
            ):
                raise ValidationError(
                    self.env._("Fill in WeChat Pay's public key and its ID.")
                )
            if bool(provider_sudo.wechat_public_key) != bool(
                provider_sudo.wechat_public_key_id
            ):
                raise ValidationError(
                    self.env._("WeChat Pay's public key and its ID belong together.")
                )

    # === KEYS === #

    def _wechat_load(self, name):
        load = {
            "wechat_private_key": wechat_crypto.load_private_key,
            "wechat_public_key": wechat_crypto.load_public_key,
        }[name]
        try:
            return load(self[name])
        except (ValueError, TypeError) as error:
            raise ValidationError(
                self.env._(
                    "%(field)s cannot be read: it is an RSA key in PEM format.",
                    field=self._fields[name]._description_string(self.env),
                )
            ) from error

    def _wechat_get_keys(self):
        """:return: {serial: public key} that WeChat Pay may sign with today

        While WeChat Pay changes from certificates to the public key, either may come.
        """
        self.ensure_one()
        keys = self.wechat_certificate_ids._get_keys()
        if self.wechat_public_key_id:
            keys[self.wechat_public_key_id] = self._wechat_load("wechat_public_key")
        return keys

    def _wechat_get_serial(self):
        """:return: the serial of the key that we encrypt with and want answers signed
        with"""
        self.ensure_one()
        if self.wechat_verify_mode == "public_key":
            return self.wechat_public_key_id
        return self.wechat_certificate_ids._get_current().serial

    def _wechat_renew_keys(self):
        """:return: the keys known after asking for new ones, if it is time for that"""
        if self.wechat_verify_mode == "certificate":
            self.wechat_certificate_ids._download(self)
        return self._wechat_get_keys()

    # === REQUESTS === #

    def _wechat_client(self):
        """:return: this merchant's :class:`wechat_pay.Client`
        :raise UserError: it is not set up
        """
        self.ensure_one()
        # Private, and the secrets stay in here: whoever pays may not read them.
        provider_sudo = self.sudo()
        if provider_sudo.code != "wechat_pay" or not all(
            provider_sudo[name] for name in CREDENTIALS
        ):
            raise UserError(self.env._("%s is not set up.", provider_sudo.name))
        return wechat_pay.Client(
            provider_sudo.wechat_mchid,
            provider_sudo.wechat_serial_no,
            # It was checked when it was entered.
            wechat_crypto.load_private_key(
                provider_sudo.wechat_private_key, checked=True
            ),
            provider_sudo.wechat_apiv3_key,
            provider_sudo._wechat_get_keys(),
            serial=provider_sudo._wechat_get_serial(),
            base_url=provider_sudo.groupbuy_base_url or wechat_pay.BASE_URL,
            refresh=provider_sudo._wechat_renew_keys,
        )

    def _wechat_request(self, method, path, body=None, params=None):
        """Send a signed request to WeChat Pay and verify its answer.

        :param str path: such as `/v3/pay/transactions/native`
        :param dict body: sent as JSON; amounts are integers of fen
        :param dict params: of the query
        :return: the answer (dict), empty where there is none
        :raise wechat_pay.UnknownOutcome: nobody knows whether it had an effect
        :raise wechat_pay.Refused: WeChat Pay refused it; `code` says why
        :raise UserError: the provider is not set up
        """
        return self._wechat_client().request(method, path, body, params)

    def _wechat_download(self, url):
        """:return: the bytes of a bill at the address that WeChat Pay gave for it
        :raise wechat_pay.UnknownOutcome, wechat_pay.Refused: see the client
        """
        return self._wechat_client().download(url)

    def _wechat_encrypt(self, text):
        """Encrypt a personal field of a request, such as a payee's name.

        :raise UserError: WeChat Pay's key is not known
        """
        provider_sudo = self.sudo()
        serial = provider_sudo._wechat_get_serial()
        key = serial and provider_sudo._wechat_get_keys().get(serial)
        if not key:
            raise UserError(
                self.env._("%s has no key to encrypt with.", provider_sudo.name)
            )
        return wechat_crypto.encrypt_field(key, text)

    def _wechat_get_notify_url(self):
        """:return: where WeChat Pay sends its notifications"""
        return self._groupbuy_get_url("/payment/wechat_pay/notify")
