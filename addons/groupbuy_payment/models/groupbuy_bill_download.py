import base64
import hashlib

from odoo import fields, models
from odoo.exceptions import UserError

from ..protocols.alipay_bill import parse_alipay_fund, parse_alipay_trade
from ..protocols.bill import Bill
from ..protocols.errors import Refused, UnknownOutcome
from ..protocols.wechat_bill import parse_wechat_fund, parse_wechat_trade

PARSERS = {
    ("wechat_pay", "trade"): parse_wechat_trade,
    ("wechat_pay", "fund"): parse_wechat_fund,
    ("alipay", "trade"): parse_alipay_trade,
    ("alipay", "fund"): parse_alipay_fund,
}
# The provider has no bill: nothing happened, or it is not ready.
NO_BILL = {"NO_STATEMENT_EXIST", "isp.bill_not_exist"}
# For so many days a bill that should have something on it is waited for.
PATIENCE = 2


class GroupbuyBill(models.Model):
    """Where the bills come from."""

    _inherit = "groupbuy.bill"

    def _download(self):
        """Fetch the file of this bill.

        :raise UserError: the provider does not give it now
        """
        self.ensure_one()
        fetch = getattr(self, f"_download_{self.provider_id.sudo().code}")
        try:
            content = fetch()
        except UnknownOutcome as error:
            raise UserError(
                self.env._("The bill cannot be fetched now: %s", error)
            ) from error
        except Refused as error:
            if error.code not in NO_BILL or self._is_awaited():
                raise UserError(
                    self.env._("The provider refuses the bill: %s", error)
                ) from error
            content = b""
        self.write(
            {
                "file": base64.b64encode(content) or False,
                "downloaded_at": fields.Datetime.now(),
                "error": False,
            }
        )

    def _is_awaited(self):
        """Whether there must be something on this bill, which may still be coming."""
        today = self._get_china_date(fields.Datetime.now())
        return (today - self.date).days <= PATIENCE and bool(self._find_due())

    def _download_alipay(self):
        provider_sudo = self.provider_id.sudo()
        answer = provider_sudo._alipay_request(
            "alipay.data.dataservice.bill.downloadurl.query",
            {
                "bill_type": {"trade": "trade", "fund": "signcustomer"}[self.kind],
                "bill_date": str(self.date),
            },
        )
        url = answer.get("bill_download_url") or ""
        return provider_sudo._alipay_client().download(url)

    def _download_wechat_pay(self):
        provider_sudo = self.provider_id.sudo()
        kind, params = {
            "trade": ("tradebill", {"bill_type": "ALL"}),
            "fund": ("fundflowbill", {"account_type": "BASIC"}),
        }[self.kind]
        answer = provider_sudo._wechat_request(
            "GET", f"/v3/bill/{kind}", params={"bill_date": str(self.date), **params}
        )
        content = provider_sudo._wechat_download(answer.get("download_url") or "")
        # The file itself is not signed; its hash was.
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        if digest != answer.get("hash_value"):
            raise UnknownOutcome("The file is not the one announced.")
        return content

    def _parse(self):
        """:return: what this bill says, as :class:`Bill`
        :raise UserError: it cannot be read
        """
        self.ensure_one()
        content = base64.b64decode(self.file or b"")
        if not content:
            return Bill()
        try:
            return PARSERS[self.provider_id.sudo().code, self.kind](content)
        except ValueError as error:
            raise UserError(self.env._("The bill cannot be read: %s", error)) from error
