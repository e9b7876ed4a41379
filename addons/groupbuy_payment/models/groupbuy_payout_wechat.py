import json
from contextlib import suppress

from odoo import api, models

from ..protocols.errors import Refused

BILLS = "/v3/fund-app/mch-transfer/transfer-bills"
# What WeChat's states of a transfer mean for us.
STATES = {
    "ACCEPTED": "sent",
    "PROCESSING": "sent",
    "WAIT_USER_CONFIRM": "awaiting",
    "TRANSFERING": "sent",
    "SUCCESS": "paid",
    "FAIL": "failed",
    "CANCELING": "awaiting",
    "CANCELLED": "cancelled",
}
UNCONFIRMED = ("OVERDUE_CLOSE", "MERCHANT_REVOKE")
# The same order may succeed later: no money, too many requests, a fault of theirs.
TEMPORARY = ("NOT_ENOUGH", "FREQUENCY_LIMITED", "FREQUENCY_LIMIT_EXCEED",
             "RATELIMIT_EXCEEDED", "RATE_LIMIT_EXCEEDED", "SYSTEM_ERROR",
             "ALREADY_EXISTS", "SIGN_ERROR", "NO_AUTH")  # fmt: skip
NAMED_FROM = 200000  # fen: from 2,000 yuan the receiver's real name is required


class GroupbuyPayout(models.Model):
    """Transfers to a WeChat wallet (商家轉賬), which the payee confirms in WeChat.

    https://pay.weixin.qq.com/doc/v3/merchant/4012716434
    """

    _inherit = "groupbuy.payout"

    def _wechat_place(self):
        provider = self.provider_id
        try:
            answer = provider._wechat_request(
                "POST", BILLS, body=self._wechat_prepare_body()
            )
        except Refused as error:
            return {
                "state": "refused",
                "reason": error.message,
                "temporary": error.code in TEMPORARY,
            }
        return self._wechat_read(answer)

    def _wechat_prepare_body(self):
        """:return: the order of this transfer; a repeat is the same to the letter"""
        # The number is opened for this request only.
        account_sudo = self.account_id.sudo()
        scene = self.company_id.groupbuy_wechat_scene or "1005"
        body = {
            "appid": self.provider_id.wechat_appid,
            "out_bill_no": self.name,
            "transfer_scene_id": scene,
            "openid": account_sudo.number,
            "transfer_amount": self._get_net_units(),
            "transfer_remark": self.name,
            "notify_url": self.provider_id._wechat_get_notify_url(),
            "transfer_scene_report_infos": [
                {"info_type": "岗位类型", "info_content": "社区团购"},
                {"info_type": "报酬说明", "info_content": self.name},
            ],
        }
        if self._get_net_units() >= NAMED_FROM:
            body["user_name"] = self.provider_id._wechat_encrypt(account_sudo.holder)
        return body

    def _wechat_ask(self):
        path = f"{BILLS}/out-bill-no/{self.name}"
        try:
            return self._wechat_read(self.provider_id._wechat_request("GET", path))
        except Refused as error:
            if error.code in ("NOT_FOUND", "RESOURCE_NOT_EXISTS"):
                return None
            # It can be asked again; that it does not exist was not said.
            return {"state": self.state}

    def _wechat_cancel(self):
        path = f"{BILLS}/out-bill-no/{self.name}/cancel"
        # Refused: confirmed or ended meanwhile, or it cannot be cancelled now.
        with suppress(Refused):
            self.provider_id._wechat_request("POST", path, body={})
        return self._ask()

    def _wechat_read(self, answer):
        """:return: what :meth:`_apply` takes, of an answer or a notification"""
        state = STATES.get(answer.get("state"), "sent")
        reason = answer.get("fail_reason") or False
        if state == "failed" and reason in UNCONFIRMED:
            state = "expired"
        return {
            "state": state,
            "amount": answer.get("transfer_amount"),
            "reference": answer.get("transfer_bill_no"),
            "reason": reason,
            "package_info": answer.get("package_info"),
        }

    @api.model
    def _wechat_notified(self, provider, resource):
        """Note what a verified notification says about a transfer.

        :param provider: whose notification it is
        :param dict resource: decrypted
        :return: whether the transfer is ours
        """
        payout = self.search(
            [
                ("name", "=", str(resource.get("out_bill_no"))),
                ("provider_id", "=", provider.id),
            ]
        )
        if not payout:
            return False
        payout._lock()
        payout._apply(payout._wechat_read(resource))
        return True

    def _wechat_prepare_confirmation(self):
        """:return: what WeChat's own browser needs to show the payee the transfer, as
        JSON; nothing unless it waits"""
        self.ensure_one()
        if self.state != "awaiting" or not self.sudo().package_info:
            return ""
        return json.dumps(
            {
                "mchId": self.provider_id.wechat_mchid,
                "appId": self.provider_id.wechat_appid,
                "package": self.sudo().package_info,
            }
        )
