from odoo import models
from odoo.exceptions import ValidationError

from ..protocols.errors import Refused, UnknownOutcome
from ..protocols.wechat_crypto import Forged

REFUNDS = "/v3/refund/domestic/refunds"


class PaymentTransaction(models.Model):
    """Refunds at WeChat Pay."""

    _inherit = "payment.transaction"

    def _send_refund_request(self):
        """Override of `payment` to refund through WeChat Pay, always under this
        refund's own number: WeChat Pay pays out once per number."""
        if self.provider_code != "wechat_pay":
            return super()._send_refund_request()
        provider_sudo = self.provider_id.sudo()
        payment = self.source_transaction_id
        body = {
            "out_trade_no": payment.groupbuy_out_trade_no,
            "out_refund_no": self.groupbuy_out_trade_no,
            "reason": payment.reference[:80],
            "notify_url": provider_sudo._wechat_get_notify_url(),
            "amount": {
                "refund": self._groupbuy_get_fen(),
                "total": payment._groupbuy_get_fen(),
                "currency": "CNY",
            },
        }
        try:
            self._wechat_process(provider_sudo._wechat_request("POST", REFUNDS, body))
        except Refused as error:
            raise ValidationError(
                self.env._(
                    "WeChat Pay refuses the refund: %(message)s (%(code)s)",
                    message=error.message,
                    code=error.code,
                )
            ) from error
        except (Forged, UnknownOutcome) as error:
            raise ValidationError(
                self.env._(
                    "It is not known yet whether WeChat Pay made the refund (%s). It "
                    "is sent again under the same number.",
                    error,
                )
            ) from error

    def _wechat_apply_refund(self, data):
        status = data.get("refund_status") or data.get("status")
        if self.state == "done":
            return
        if data.get("refund_id"):
            self.provider_reference = data["refund_id"]
        if status == "SUCCESS":
            self._set_done(extra_allowed_states=("cancel",))
            self._groupbuy_trigger_post_processing()
        elif self.state == "cancel":
            return
        elif status == "PROCESSING" and self.state != "pending":
            self._set_pending(extra_allowed_states=("error",))
        elif status == "CLOSED":
            self._set_canceled(
                self.env._("WeChat Pay has closed the refund."),
                extra_allowed_states=("error",),
            )
            self._groupbuy_replace_refund()
        elif status == "ABNORMAL":
            self._set_error(
                self.env._(
                    "The payer's bank does not take the refund: decide about it on "
                    "WeChat Pay's merchant platform."
                ),
                extra_allowed_states=("error",),
            )
