import os
from decimal import Decimal
from unittest.mock import patch

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from odoo import fields
from odoo.tests import new_test_user

from odoo.addons.community_groupbuy.tests.common import GroupbuyCommon

from ..protocols.errors import Refused, UnknownOutcome

CARD = "6222020000000000018"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


class Killed(Exception):
    """The process is killed: everything since the last commit is lost."""


class WechatBook:
    """WeChat Pay's side of transfers, with its own books.

    `faults` is asked before each request: `lost` (never arrives), `silent` (is carried
    out, the answer is lost), `killed` (is carried out, and our process dies), `empty`
    (no money on the merchant's account now), or nothing.
    """

    def __init__(self):
        self.bills = {}
        self.requests = []
        self.faults = lambda: None
        # What becomes of a transfer, step by step, each time it is asked about.
        self.fates = lambda number: ["WAIT_USER_CONFIRM", "SUCCESS"]

    def request(self, provider, method, path, body=None, params=None):
        self.requests.append((method, path, body))
        fault = self.faults()
        if fault == "lost" or (fault == "empty" and method == "GET"):
            raise UnknownOutcome("ReadTimeout")
        if fault == "empty":
            raise Refused("NOT_ENOUGH", "The merchant's balance is too small.")
        if method == "GET":
            answer = self._ask(path.rpartition("/")[2])
        elif path.endswith("/cancel"):
            answer = self._cancel(path.split("/")[-2])
        else:
            answer = self._order(body)
        if fault == "silent":
            raise UnknownOutcome("ReadTimeout")
        if fault == "killed":
            raise Killed()
        return answer

    def _order(self, body):
        number = body["out_bill_no"]
        bill = self.bills.get(number)
        if bill is None:
            bill = self.bills[number] = {
                "out_bill_no": number,
                "transfer_bill_no": f"13300{len(self.bills):08d}",
                "transfer_amount": body["transfer_amount"],
                "openid": body["openid"],
                "state": "ACCEPTED",
                "fates": list(self.fates(number)),
            }
        elif (bill["transfer_amount"], bill["openid"]) != (
            body["transfer_amount"],
            body["openid"],
        ):
            raise Refused("PARAM_ERROR", "Another transfer has this number.")
        return self._tell(bill)

    def _ask(self, number):
        bill = self.bills.get(number)
        if bill is None:
            raise Refused("NOT_FOUND", "There is no such transfer.")
        if bill["fates"]:
            bill["state"] = bill["fates"].pop(0)
        return self._tell(bill)

    def _cancel(self, number):
        bill = self.bills[number]
        if bill["state"] != "WAIT_USER_CONFIRM":
            raise Refused("INVALID_REQUEST", "It cannot be cancelled.")
        bill.update(state="CANCELING", fates=["CANCELLED"])
        return self._tell(bill)

    def _tell(self, bill):
        answer = {key: value for key, value in bill.items() if key != "fates"}
        if bill["state"] == "WAIT_USER_CONFIRM":
            answer["package_info"] = f"package-of-{bill['out_bill_no']}"
        if bill["state"] == "FAIL":
            answer["fail_reason"] = "ACCOUNT_FROZEN"
        return answer

    def get_sent(self, state="SUCCESS"):
        """:return: {number: fen} of the transfers in this state"""
        return {
            number: bill["transfer_amount"]
            for number, bill in self.bills.items()
            if bill["state"] == state
        }


class PayoutCommon(GroupbuyCommon):
    """Leaders with bills, operators, and WeChat Pay's books."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.startClassPatcher(
            patch.dict(
                os.environ, {"GROUPBUY_SECRET_KEYS": Fernet.generate_key().decode()}
            )
        )
        cls.company._groupbuy_ensure_books()
        cls.company.write(
            {
                "groupbuy_payout_wechat": True,
                "groupbuy_payout_alipay": True,
                "groupbuy_payout_minimum": 1,
            }
        )
        cls.operator, cls.colleague = (
            new_test_user(
                cls.env, login=login, groups="community_groupbuy.group_operator"
            )
            for login in ("gb_operator", "gb_colleague")
        )
        cls.leader, cls.stranger = cls.ann, cls.ben
        cls.payouts = cls.env["groupbuy.payout"]
        cls._set_up_wechat()

    @classmethod
    def _set_up_wechat(cls):
        key = rsa.generate_private_key(65537, 2048)
        private = key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode()
        public = key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        )
        cls.wechat = cls.env["payment.provider"].search(
            [("code", "=", "wechat_pay"), ("company_id", "=", cls.company.id)], limit=1
        )
        cls.wechat.write(
            {
                "wechat_appid": "wx0000000000000001",
                "wechat_mchid": "1900000001",
                "wechat_serial_no": "0" * 40,
                "wechat_private_key": private,
                "wechat_apiv3_key": "k" * 32,
                "wechat_public_key_id": "PUB_KEY_ID_0000000000000001",
                "wechat_public_key": public.decode(),
            }
        )
        cls.wechat.state = "test"
        cls.book = WechatBook()
        book = cls.book
        cls.classPatch(
            cls.env.registry["payment.provider"],
            "_wechat_request",
            lambda provider, *args, **kwargs: book.request(provider, *args, **kwargs),
        )

    def setUp(self):
        super().setUp()
        self.book.__init__()

    # === FACTORIES === #

    def _earn(self, user, amount, role="leader", settle=True):
        """Let `user` have earned `amount`, on a posted bill unless told otherwise."""
        today = self.company._get_groupbuy_date()
        self.env["groupbuy.ledger.entry"]._append(
            self.company,
            [
                {
                    "payee_id": user.partner_id.id,
                    "role": role,
                    "kind": "commission",
                    "amount": Decimal(str(amount)),
                    "sale_line_id": None,
                    "order_id": None,
                    "available_on": today,
                    "earned_at": fields.Datetime.now(),
                }
            ],
        )
        if settle:
            self.env["groupbuy.settlement"]._settle(
                self.company, today, user.partner_id, 0
            )

    def _add_account(self, user, kind="bank", number=None, checked=True, **kwargs):
        numbers = {"bank": CARD, "wechat": OPENID, "alipay": "13800000000"}
        answer = (
            self.env["groupbuy.payee.account"]
            .with_user(user)
            .add(
                kind,
                "Sample Holder",
                number or numbers[kind],
                bank_name="Sample Bank" if kind == "bank" else "",
                **kwargs,
            )
        )
        account = self.env["groupbuy.payee.account"].browse(answer["account_id"])
        if checked:
            account.with_user(self.colleague).action_check()
        return account

    def _request(self, user, amount, account, key=None):
        answer = self.payouts.with_user(user).request(amount, account.id, key)
        return self.payouts.browse(answer["payout_id"])

    def _send(self, payouts):
        """Approve and send; what the jobs then do is up to the test."""
        payouts.with_user(self.operator).action_approve()
        return payouts.with_user(self.operator).action_send()

    # === CHECKING === #

    def _get_payable(self, user):
        """:return: what the books say is owed to `user` on bills"""
        self.env.flush_all()
        items = self.env["account.move.line"].search(
            [
                ("partner_id", "=", user.partner_id.id),
                ("account_id.account_type", "=", "liability_payable"),
                ("parent_state", "=", "posted"),
            ]
        )
        return self.company.currency_id.round(-sum(items.mapped("balance")))

    def _get_available(self, user):
        return user.partner_id._groupbuy_get_money(self.company)["available"]
