import re
from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import ValidationError

from odoo.addons.payment import utils as payment_utils

from ..protocols import alipay
from ..protocols.amounts import format_amount, parse_amount

# Product codes of the two pages.
PRODUCTS = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}
PAID = ("TRADE_SUCCESS", "TRADE_FINISHED")
# There is no trade before somebody scans the code or signs in on Alipay's page.
NOT_EXIST = "ACQ.TRADE_NOT_EXIST"
# How long Alipay may take before a refund that it does not know is sent again.
REFUND_PATIENCE = timedelta(minutes=10)


class PaymentTransaction(models.Model):
    """Payments and refunds at Alipay."""

    _inherit = "payment.transaction"

    # === STARTING === #

    def _get_specific_rendering_values(self, processing_values):
        """Override of `payment` to send people to Alipay's page, or to our QR code."""
        if self.provider_code != "alipay":
            return super()._get_specific_rendering_values(processing_values)
        provider_sudo = self.provider_id.sudo()
        product = "wap" if self._groupbuy_is_phone() else "page"
        if product == "page" and provider_sudo.alipay_desktop_product == "precreate":
            return {
                "api_url": self._groupbuy_get_pay_url(),
                "method": "get",
                "inputs": {"access_token": self._groupbuy_get_pay_token()},
            }
        method, product_code = PRODUCTS[product]
        client = provider_sudo._alipay_client()
        body = {**self._alipay_prepare_order(), "product_code": product_code}
        if product == "wap":
            # Where people land who change their minds in the app.
            body["quit_url"] = provider_sudo._groupbuy_get_url("/payment/status")
        return {
            "api_url": f"{client.gateway}?charset=utf-8",
            "method": "post",
            "inputs": client.prepare(
                method,
                body,
                notify_url=provider_sudo._alipay_get_notify_url(),
                return_url=provider_sudo._groupbuy_get_url("/payment/alipay/return"),
            ),
        }

    def _alipay_prepare_order(self):
        """:return: what Alipay is told about this payment"""
        subject = f"{self.provider_id.company_id.name} {self.reference}"
        return {
            "out_trade_no": self.groupbuy_out_trade_no,
            "total_amount": format_amount(self._groupbuy_get_fen()),
            # Alipay refuses these signs.
            "subject": re.sub(r"[/=&]", " ", subject)[:128],
            "time_expire": alipay.format_time(
                fields.Datetime.context_timestamp(
                    self.with_context(tz="Asia/Shanghai"), self.groupbuy_expires_at
                )
            ),
        }

    def _alipay_precreate(self):
        """Have Alipay make a QR code for this payment. No trade exists until somebody
        scans it; asking again gives another code for the same payment.

        :return: the text of the code
        :raise alipay.UnknownOutcome, alipay.Refused: see `_alipay_request`
        """
        self.ensure_one()
        provider_sudo = self.provider_id.sudo()
        answer = provider_sudo._alipay_request(
            "alipay.trade.precreate",
            {**self._alipay_prepare_order(), "product_code": "FACE_TO_FACE_PAYMENT"},
            notify_url=provider_sudo._alipay_get_notify_url(),
        )
        if answer.get("out_trade_no") != self.groupbuy_out_trade_no:
            raise alipay.UnknownOutcome("The answer is about another payment.")
        return answer["qr_code"]

    # === WHAT ALIPAY SAYS === #

    def _extract_reference(self, provider_code, payment_data):
        """Override of `payment`: Alipay knows our number of the payment only."""
        if provider_code != "alipay":
            return super()._extract_reference(provider_code, payment_data)
        return self._alipay_find(payment_data).reference

    def _alipay_find(self, data):
        """:return: the payment that a notification or return is about"""
        return self.search(
            [
                ("provider_code", "=", "alipay"),
                ("operation", "!=", "refund"),
                ("groupbuy_out_trade_no", "=", data.get("out_trade_no") or ""),
                ("provider_id.alipay_app_id", "=", data.get("app_id") or ""),
            ],
            limit=1,
        )

    def _extract_amount_data(self, payment_data):
        """Override of `payment`: amounts are compared as integers of fen."""
        if self.provider_code != "alipay":
            return super()._extract_amount_data(payment_data)
        refund = self.operation == "refund"
        try:
            name = "refund_amount" if refund else "total_amount"
            fen = parse_amount(payment_data.get(name))
        except ValueError:
            fen = 0
        return {
            "amount": payment_utils.to_major_currency_units(fen, self.currency_id),
            "currency_code": "CNY",
        }

    def _apply_updates(self, payment_data):
        """Override of `payment` to take over what Alipay has signed."""
        if self.provider_code != "alipay":
            return super()._apply_updates(payment_data)
        if self.operation == "refund":
            self._alipay_apply_refund(payment_data)
        else:
            self._alipay_apply_payment(payment_data)

    def _alipay_apply_payment(self, data):
        status = data.get("trade_status")
        if status in PAID:
            if self.state != "done":
                self.provider_reference = data.get("trade_no")
                # Also money that arrives after we have given up on it.
                self._set_done(extra_allowed_states=("cancel",))
                self._groupbuy_trigger_post_processing()
        elif status == "TRADE_CLOSED" and self.state in ("draft", "pending"):
            self._set_canceled(self.env._("The payment was closed at Alipay."))
        # WAIT_BUYER_PAY: somebody has scanned the code; nothing is paid yet.

    def _alipay_apply_refund(self, data):
        if data.get("refund_status") == "REFUND_SUCCESS" and self.state != "done":
            self.provider_reference = data.get("trade_no")
            self._set_done()
            self._groupbuy_trigger_post_processing()

    def _alipay_is_genuine(self, notification):
        """Whether Alipay has signed this, and about this very payment.

        :param alipay.Notification notification: or a return from Alipay's page
        """
        self.ensure_one()
        provider, values = self.provider_id, notification.values
        try:
            fen = parse_amount(values.get("total_amount"))
        except ValueError:
            return False
        return (
            values.get("app_id") == provider.alipay_app_id
            and values.get("seller_id") == provider.alipay_seller_id
            and values.get("out_trade_no") == self.groupbuy_out_trade_no
            and fen == self._groupbuy_get_fen()
            and notification.is_signed_by(provider._alipay_get_public_keys().values())
        )

    def _alipay_hear(self, values):
        """Take over a genuine notification, however often and in whatever order."""
        self.ensure_one()
        refund = self.child_transaction_ids.filtered(
            lambda tx: (
                tx.operation == "refund"
                and tx.groupbuy_out_trade_no == values.get("out_biz_no")
                and tx.state != "done"
            )
        )
        if refund:
            # It tells what was refunded in all, not what this refund has come to.
            refund.groupbuy_query_at = False
            self.env.ref("groupbuy_payment.query_cron")._trigger()
        self._process("alipay", values)

    # === ASKING === #

    def _alipay_query(self):
        """Ask Alipay about this payment or refund, and take over its answer.

        :raise alipay.UnknownOutcome: there is no answer to work with
        """
        self.ensure_one()
        if self.operation == "refund":
            self._alipay_query_refund()
            return
        try:
            answer = self.provider_id.sudo()._alipay_request(
                "alipay.trade.query", {"out_trade_no": self.groupbuy_out_trade_no}
            )
        except alipay.Refused as error:
            if error.code != NOT_EXIST:
                raise alipay.UnknownOutcome(str(error)) from error
            return  # Not paid, as long as nobody scans it.
        if answer.get("out_trade_no") != self.groupbuy_out_trade_no:
            raise alipay.UnknownOutcome("The answer is about another payment.")
        self._process("alipay", answer)

    def _alipay_close(self):
        """Close this payment at Alipay so that nobody can pay it any more.

        :raise alipay.UnknownOutcome: nobody knows whether it is closed
        """
        self.ensure_one()
        try:
            self.provider_id.sudo()._alipay_request(
                "alipay.trade.close", {"out_trade_no": self.groupbuy_out_trade_no}
            )
        except alipay.Refused as error:
            if error.code != NOT_EXIST:
                # Most likely it was paid a moment ago.
                self._alipay_query()
                return
        if self.state in ("draft", "pending"):
            self._set_canceled(self.env._("The time to pay is over."))

    # === REFUNDS === #

    def _send_refund_request(self):
        """Override of `payment` to refund through Alipay, always under the number that
        this refund has: Alipay pays out once per number."""
        if self.provider_code != "alipay":
            return super()._send_refund_request()
        source = self.source_transaction_id
        try:
            answer = self.provider_id.sudo()._alipay_request(
                "alipay.trade.refund",
                {
                    "out_trade_no": source.groupbuy_out_trade_no,
                    "out_request_no": self.groupbuy_out_trade_no,
                    "refund_amount": format_amount(self._groupbuy_get_fen()),
                    "refund_reason": self.env._("Refund of %s", source.reference)[:256],
                },
            )
            if answer.get("out_trade_no") != source.groupbuy_out_trade_no:
                raise alipay.UnknownOutcome("The answer is about another payment.")
            if answer.get("fund_change") == "Y":
                self._alipay_apply_refund({**answer, "refund_status": "REFUND_SUCCESS"})
            else:
                # Known already under this number, or not decided: its own state counts.
                self._alipay_query_refund()
                if self.state != "done":
                    self._set_pending(extra_allowed_states=("error",))
        except alipay.Refused as error:
            raise ValidationError(
                self.env._(
                    "Alipay refuses the refund: %(message)s (%(code)s)",
                    message=error.message,
                    code=error.code,
                )
            ) from error
        except alipay.UnknownOutcome as error:
            raise ValidationError(
                self.env._(
                    "It is not known yet whether Alipay made the refund (%s). It is "
                    "sent again under the same number.",
                    error,
                )
            ) from error

    def _alipay_query_refund(self):
        source = self.source_transaction_id
        try:
            answer = self.provider_id.sudo()._alipay_request(
                "alipay.trade.fastpay.refund.query",
                {
                    "out_trade_no": source.groupbuy_out_trade_no,
                    "out_request_no": self.groupbuy_out_trade_no,
                },
            )
        except alipay.Refused as error:
            raise alipay.UnknownOutcome(str(error)) from error
        if not answer.get("refund_status"):
            # Alipay knows no such refund, or has not decided. After a while it is sent
            # again: under the same number, that pays out once.
            waited = fields.Datetime.now() - self.last_state_change
            if self.state == "pending" and waited > REFUND_PATIENCE:
                self._set_error(self.env._("Alipay does not know of this refund yet."))
            return
        if answer.get("out_request_no") != self.groupbuy_out_trade_no:
            raise alipay.UnknownOutcome("The answer is about another refund.")
        self._process("alipay", answer)
