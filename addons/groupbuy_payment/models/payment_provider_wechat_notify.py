import logging

from odoo import api, models

from ..protocols.wechat_crypto import Forged

_logger = logging.getLogger(__name__)


class PaymentProvider(models.Model):
    """What WeChat Pay notifies us of."""

    _inherit = "payment.provider"

    @api.model
    def _wechat_receive(self, headers, body):
        """Verify a notification and take it over; replays change nothing.

        :param headers: mapping
        :param bytes body: as received
        :raise Forged: it is not WeChat Pay's, not for one of our merchants, too old, or
            about something else than what we know
        """
        # Nobody is signed in; what is not signed by WeChat Pay changes nothing. Money
        # may arrive when a provider has been disabled.
        providers_sudo = self.sudo().search(
            [
                ("code", "=", "wechat_pay"),
                ("wechat_mchid", "!=", False),
                ("wechat_private_key_sealed", "!=", False),
                ("wechat_apiv3_key_sealed", "!=", False),
            ]
        )
        reason = Forged("There is no merchant here.")
        for provider_sudo in providers_sudo:
            client = provider_sudo._wechat_client()
            try:
                event = client.read_notification(headers, body)
            except Forged as error:
                reason = error
                continue
            provider_sudo._wechat_apply(event)
            return
        raise reason

    def _wechat_apply(self, event):
        """Take over a verified notification to this merchant.

        https://pay.weixin.qq.com/doc/v3/merchant/4012791861

        :param dict event: its `resource` decrypted
        :raise Forged: it does not fit to what we know
        """
        self.ensure_one()
        kind, data = str(event.get("event_type")), event["resource"]
        own = self.sudo().wechat_mchid
        if data.get("mchid", data.get("mch_id", own)) != own:
            raise Forged("It is about another merchant.")
        if kind.startswith(("TRANSACTION.", "REFUND.")):
            tx_sudo = self.env["payment.transaction"].sudo()._wechat_find(data)
            refund = kind.startswith("REFUND.")
            if not tx_sudo or refund != (tx_sudo.operation == "refund"):
                raise Forged("It is about no payment or refund of ours.")
            tx_sudo._wechat_process(data)
        elif kind.startswith("MCHTRANSFER."):
            if not self.env["groupbuy.payout"].sudo()._wechat_notified(self, data):
                raise Forged("It is about no transfer of ours.")
        else:
            _logger.info("WeChat Pay notifies of %s, which nobody waits for.", kind)
