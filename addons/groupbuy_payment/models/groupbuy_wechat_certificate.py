import logging
from datetime import timedelta

from odoo import api, fields, models

from ..protocols import wechat_crypto
from ..protocols.errors import Refused, UnknownOutcome

_logger = logging.getLogger(__name__)

# However many messages with unknown serial numbers arrive, WeChat Pay is asked once.
PAUSE = timedelta(minutes=10)


class GroupbuyWechatCertificate(models.Model):
    """A certificate that WeChat Pay signs with. Two are valid while one is replaced."""

    _name = "groupbuy.wechat.certificate"
    _description = "WeChat Pay Certificate"
    _order = "valid_from desc, id desc"
    _rec_name = "serial"

    provider_id = fields.Many2one(
        "payment.provider", required=True, index=True, ondelete="cascade"
    )
    serial = fields.Char(string="Serial Number", required=True)
    pem = fields.Text(required=True)
    valid_from = fields.Datetime(required=True)
    valid_to = fields.Datetime(required=True)

    _serial_uniq = models.UniqueIndex("(provider_id, serial)")

    def _filter_valid(self):
        now = fields.Datetime.now()
        return self.filtered(lambda one: one.valid_from <= now < one.valid_to)

    def _get_current(self):
        """:return: the newest of these that is valid"""
        return self._filter_valid()[:1]

    def _get_keys(self):
        """:return: {serial: public key} of those that are valid"""
        return {
            one.serial: wechat_crypto.load_public_key(one.pem)
            for one in self._filter_valid()
        }

    @api.model
    def _download(self, provider):
        """Fetch the certificates of `provider` (in sudo mode), at most once in a while.

        A download that fails changes nothing.
        """
        now = fields.Datetime.now()
        asked_at = provider.wechat_certificates_asked_at
        if asked_at and now - asked_at < PAUSE:
            return
        # Somebody else is asking already.
        if not provider.try_lock_for_update(allow_referencing=True):
            return
        provider.wechat_certificates_asked_at = now
        try:
            pems = provider._wechat_client().download_certificates()
        except (UnknownOutcome, Refused) as error:
            _logger.info("No certificates of %s: %s", provider.name, error)
            return
        known = set(provider.wechat_certificate_ids.mapped("serial"))
        vals_list = []
        for pem in pems:
            certificate = wechat_crypto.load_certificate(pem)
            serial = wechat_crypto.get_serial(certificate)
            if serial in known:
                continue
            known.add(serial)
            vals_list.append(
                {
                    "provider_id": provider.id,
                    "serial": serial,
                    "pem": pem,
                    "valid_from": certificate.not_valid_before_utc.replace(tzinfo=None),
                    "valid_to": certificate.not_valid_after_utc.replace(tzinfo=None),
                }
            )
        self.create(vals_list)

    @api.model
    def _cron_download(self):
        """Fetch the certificates that will be signed with in the next days."""
        providers_sudo = (
            self.env["payment.provider"]
            .sudo()
            .search(
                [
                    ("code", "=", "wechat_pay"),
                    ("state", "!=", "disabled"),
                    ("wechat_verify_mode", "=", "certificate"),
                ]
            )
        )
        for provider_sudo in providers_sudo:
            self.sudo()._download(provider_sudo)
