import json
from contextlib import suppress

from odoo import api, models

from ..protocols.amounts import format_amount, parse_amount
from ..protocols.errors import Refused

# What Alipay's states of a transfer mean for us.
STATES = {
    "SUCCESS": "paid",
    "WAIT_PAY": "sent",
    "DEALING": "sent",
    "FAIL": "failed",
    "CLOSED": "failed",
    "REFUND": "returned",
}
# What Alipay tells about a transfer: to the application's gateway, not to an address
# that the transfer names.
CHANGED = "alipay.fund.trans.order.changed"
UNKNOWN_ORDER = ("ORDER_NOT_EXIST", "TRADE_NOT_EXIST")
# The same order may succeed later: no money, limits of the day, a fault of theirs.
TEMPORARY = ("PAYER_BALANCE_NOT_ENOUGH", "BALANCE_IS_NOT_ENOUGH",
             "REQUEST_PROCESSING", "EXCEED_LIMIT_DM_MAX_AMOUNT",
             "EXCEED_LIMIT_ENT_MAX_AMOUNT", "PERMIT_NON_BANK_LIMIT_PAYEE",
             "INVALID_SIGN", "NO_PERMISSION", "INSUFFICIENT_ISV_PERMISSIONS",
             )  # fmt: skip


class GroupbuyPayout(models.Model):
    """Transfers to an Alipay account (alipay.fund.trans.uni.transfer)."""

    _inherit = "groupbuy.payout"

    def _alipay_place(self):
        try:
            answer = self.provider_id._alipay_request(
                "alipay.fund.trans.uni.transfer", self._alipay_prepare_order()
            )
        except Refused as error:
            return {
                "state": "refused",
                "reason": error.message,
                "temporary": error.code.rpartition(".")[2] in TEMPORARY,
            }
        return self._alipay_read(answer)

    def _alipay_prepare_order(self):
        """:return: the order of this transfer; a repeat is the same to the letter"""
        # The number is opened for this request only.
        account_sudo = self.account_id.sudo()
        number = account_sudo.number
        user = number.startswith("2088") and "@" not in number
        return {
            "out_biz_no": self.name,
            "trans_amount": format_amount(self._get_net_units()),
            "product_code": "TRANS_ACCOUNT_NO_PWD",
            "biz_scene": "DIRECT_TRANSFER",
            "order_title": self.name,
            "payee_info": {
                "identity": number,
                "identity_type": "ALIPAY_USER_ID" if user else "ALIPAY_LOGON_ID",
                "name": account_sudo.holder,
            },
        }

    def _alipay_ask(self):
        try:
            answer = self.provider_id._alipay_request(
                "alipay.fund.trans.common.query",
                {
                    "out_biz_no": self.name,
                    "product_code": "TRANS_ACCOUNT_NO_PWD",
                    "biz_scene": "DIRECT_TRANSFER",
                },
            )
        except Refused as error:
            if error.code in UNKNOWN_ORDER:
                return None
            # It can be asked again; that it does not exist was not said.
            return {"state": self.state}
        return self._alipay_read(answer)

    def _alipay_cancel(self):
        """A transfer by Alipay waits for nobody: there is nothing to cancel."""
        return self._ask()

    def _alipay_read(self, answer):
        """:return: what :meth:`_apply` takes"""
        amount = answer.get("trans_amount")
        return {
            "state": STATES.get(answer.get("status"), "sent"),
            "amount": parse_amount(amount) if amount else None,
            "reference": answer.get("order_id") or answer.get("pay_fund_order_id"),
            "reason": answer.get("fail_reason") or answer.get("error_code") or False,
        }

    # === MESSAGES === #

    @api.model
    def _alipay_hear(self, notification):
        """Hear that a transfer has changed; what became of it, Alipay is asked.

        :param alipay.Notification notification: as received
        :return: whether it is such a message and Alipay has signed it
        """
        values = notification.values
        if values.get("msg_method") != CHANGED:
            return False
        provider = self.env["payment.provider"].search(
            [("code", "=", "alipay"), ("alipay_app_id", "=", values.get("app_id"))],
            limit=1,
        )
        if not provider:
            return False
        public_keys = provider._alipay_get_public_keys().values()
        # Of messages, some signatures cover their own kind.
        if not notification.is_signed_by(public_keys) and not (
            notification.is_signed_by(public_keys, left_out=("sign",))
        ):
            return False
        number = None
        with suppress(ValueError, AttributeError):
            number = json.loads(values["biz_content"]).get("out_biz_no")
        payout = self.search(
            [("name", "=", str(number)), ("provider_id", "=", provider.id)]
        )
        # Transfers of others, or made at Alipay by hand, are none of ours.
        payout._enqueue("_ask_anew")
        return True
