from odoo import fields, models

from ..protocols.errors import Refused, UnknownOutcome
from ..protocols.wechat_crypto import Forged

ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
# REFUND: it was paid, and refunds have begun.
PAID = ("SUCCESS", "REFUND")
CLOSED = ("CLOSED", "REVOKED")
# There is no order before somebody has asked for a code.
NOT_EXIST = ("ORDER_NOT_EXIST", "RESOURCE_NOT_EXISTS", "NOT_FOUND")


class PaymentTransaction(models.Model):
    """Payments at WeChat Pay, and what they have in common with refunds."""

    _inherit = "payment.transaction"

    # === STARTING === #

    def _get_specific_rendering_values(self, processing_values):
        """Override of `payment`: our page shows the QR code, or opens WeChat."""
        if self.provider_code != "wechat_pay":
            return super()._get_specific_rendering_values(processing_values)
        return {
            "api_url": self._groupbuy_get_pay_url(),
            "method": "get",
            "inputs": {"access_token": self._groupbuy_get_pay_token(), "start": "1"},
        }

    def _groupbuy_get_product(self):
        """Override: inside WeChat jsapi, on a phone h5, elsewhere native.

        https://pay.weixin.qq.com/doc/v3/merchant/4012791874
        """
        if self.provider_code != "wechat_pay":
            return super()._groupbuy_get_product()
        if "MicroMessenger" in self._groupbuy_get_user_agent():
            # Without the secret nobody can tell who pays: another device scans.
            return "jsapi" if self.provider_id.sudo().wechat_app_secret else "native"
        return "h5" if self._groupbuy_is_phone() else "native"

    def _wechat_order(self, product, **values):
        """Place this payment's order, or place it again.

        :param str product: native, jsapi or h5
        :return: WeChat Pay's answer
        :raise UnknownOutcome, Refused: see `_wechat_request`
        """
        self.ensure_one()
        provider_sudo = self.provider_id.sudo()
        company = provider_sudo.company_id
        expiry = fields.Datetime.context_timestamp(
            self.with_context(tz="Asia/Shanghai"), self.groupbuy_expires_at
        )
        body = {
            "appid": provider_sudo.wechat_appid,
            "mchid": provider_sudo.wechat_mchid,
            # 127 bytes at most.
            "description": f"{self.reference} {company.name}"[:42],
            "out_trade_no": self.groupbuy_out_trade_no,
            "time_expire": expiry.isoformat(timespec="seconds"),
            "notify_url": provider_sudo._wechat_get_notify_url(),
            "amount": {"total": self._groupbuy_get_fen(), "currency": "CNY"},
            **values,
        }
        return provider_sudo._wechat_request("POST", f"{ORDERS}/{product}", body)

    def _wechat_precreate(self):
        """:return: the text of a QR code that pays this payment"""
        return self._wechat_get(self._wechat_order("native"), "code_url")

    def _wechat_get_h5_url(self, client_ip):
        """:return: where a phone's browser goes to open WeChat; good for 5 minutes"""
        scene = {"payer_client_ip": client_ip, "h5_info": {"type": "Wap"}}
        return self._wechat_get(self._wechat_order("h5", scene_info=scene), "h5_url")

    def _wechat_get_jsapi_values(self, openid):
        """:return: what WeChat's own browser needs to ask its user to pay"""
        answer = self._wechat_order("jsapi", payer={"openid": openid})
        client = self.provider_id._wechat_client()
        appid = self.provider_id.sudo().wechat_appid
        return client.sign_pay(appid, self._wechat_get(answer, "prepay_id"))

    def _wechat_get(self, answer, name):
        if not isinstance(answer.get(name), str):
            raise UnknownOutcome(f"The answer has no {name}.")
        return answer[name]

    # === WHAT WECHAT PAY SAYS === #

    def _extract_reference(self, provider_code, payment_data):
        """Override of `payment`: WeChat Pay knows our numbers only."""
        if provider_code != "wechat_pay":
            return super()._extract_reference(provider_code, payment_data)
        return self._wechat_find(payment_data).reference

    def _wechat_find(self, data):
        """:return: the payment or refund that a message is about"""
        number = data.get("out_refund_no") or data.get("out_trade_no")
        mchid = data.get("mchid")
        if not (number and isinstance(number, str) and mchid):
            return self.browse()
        return self.search(
            [
                ("provider_id.code", "=", "wechat_pay"),
                ("provider_id.wechat_mchid", "=", mchid),
                ("operation", "=" if "out_refund_no" in data else "!=", "refund"),
                ("groupbuy_out_trade_no", "=", number),
            ],
            limit=1,
        )

    def _wechat_check(self, data):
        """Compare what WeChat Pay says, in a verified message, with what we know.

        :raise Forged: it is about another merchant, app, number, amount or currency
        """
        self.ensure_one()
        provider_sudo = self.provider_id.sudo()
        refund = self.operation == "refund"
        payment = self.source_transaction_id if refund else self
        expected = {"out_trade_no": payment.groupbuy_out_trade_no}
        amounts = {"total": payment._groupbuy_get_fen()}
        if refund:
            expected["out_refund_no"] = self.groupbuy_out_trade_no
            amounts["refund"] = self._groupbuy_get_fen()
        else:
            expected["appid"] = provider_sudo.wechat_appid
            expected["mchid"] = provider_sudo.wechat_mchid
            amounts["currency"] = self.currency_id.name
        # Only what has been paid has an amount; answers about refunds name no merchant.
        if refund or data.get("trade_state") in PAID:
            amount = data.get("amount")
            self._wechat_compare(amount if isinstance(amount, dict) else {}, amounts)
        self._wechat_compare(data, expected)

    def _wechat_compare(self, data, expected):
        for name, value in expected.items():
            own = data.get(name)
            if own != value or type(own) is not type(value):
                raise Forged(f"{name} of {self.reference} does not match.")

    def _extract_amount_data(self, payment_data):
        """Override of `payment`: amounts come as integers of fen."""
        if self.provider_code != "wechat_pay":
            return super()._extract_amount_data(payment_data)
        refund = self.operation == "refund"
        if not refund and payment_data.get("trade_state") not in PAID:
            return None
        amount = payment_data["amount"]
        return {
            "amount": amount["refund" if refund else "total"] / 100,
            # Notifications of refunds name no currency; there is only this one.
            "currency_code": amount.get("currency", "CNY"),
        }

    def _wechat_process(self, data):
        """Take over a verified message.

        :raise Forged: see :meth:`_wechat_check`
        """
        self._wechat_check(data)
        self._process("wechat_pay", data)

    def _apply_updates(self, payment_data):
        """Override of `payment` to take over what WeChat Pay has signed."""
        if self.provider_code != "wechat_pay":
            return super()._apply_updates(payment_data)
        if self.operation == "refund":
            self._wechat_apply_refund(payment_data)
        else:
            self._wechat_apply_payment(payment_data)

    def _wechat_apply_payment(self, data):
        state = data.get("trade_state")
        if state in PAID:
            if self.state != "done":
                self.provider_reference = data.get("transaction_id")
                # Also money that arrives after we have given up on it.
                self._set_done(extra_allowed_states=("cancel",))
                self._groupbuy_trigger_post_processing()
        elif state in CLOSED and self.state in ("draft", "pending"):
            self._set_canceled(self.env._("The payment was closed at WeChat Pay."))
        # NOTPAY, USERPAYING, PAYERROR: nothing is paid yet.

    # === ASKING === #

    def _wechat_query(self):
        """Ask WeChat Pay about this payment or refund, and take over its answer.

        :raise UnknownOutcome: there is no answer to work with
        """
        self.ensure_one()
        if self.operation == "refund":
            path, params = f"{REFUNDS}/{self.groupbuy_out_trade_no}", None
        else:
            path = f"{ORDERS}/out-trade-no/{self.groupbuy_out_trade_no}"
            params = {"mchid": self.provider_id.sudo().wechat_mchid}
        try:
            data = self.provider_id._wechat_request("GET", path, params=params)
            self._wechat_process(data)
        except Refused as error:
            if error.code not in NOT_EXIST:
                raise UnknownOutcome(str(error)) from error
            if self.operation == "refund" and self.state == "pending":
                # Sent again with its number.
                self._set_error(self.env._("WeChat Pay does not know this refund."))
        except Forged as error:
            raise UnknownOutcome(str(error)) from error

    def _wechat_close(self):
        """Close this payment at WeChat Pay, so that nobody can pay it any more.

        :raise UnknownOutcome: nobody knows whether it is closed
        """
        self.ensure_one()
        provider = self.provider_id
        path = f"{ORDERS}/out-trade-no/{self.groupbuy_out_trade_no}/close"
        try:
            body = {"mchid": provider.sudo().wechat_mchid}
            provider._wechat_request("POST", path, body)
        except Refused as error:
            if error.code not in (*NOT_EXIST, "ORDER_CLOSED"):
                # Most likely it was paid a moment ago.
                self._wechat_query()
                return
        self._set_canceled(self.env._("The time to pay is over."))
