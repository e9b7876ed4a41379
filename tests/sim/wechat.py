"""A simulator of WeChat Pay APIv3: payments, refunds, transfers, certificates."""

import datetime
import gzip
import hashlib
import html
import json
import re
import urllib.parse

from sim import bills, signing
from sim.server import (
    SHANGHAI,
    Answer,
    Refusal,
    Request,
    Simulator,
    button,
    page,
    redirect,
    run,
    token,
    yuan,
)

TOLERANCE = 300
CODE_SECONDS = 2 * 3600
H5_SECONDS = 300
NAME_FROM = 200_000
AUTHORIZATION = re.compile(r'(\w+)="([^"]*)"')
NUMBER = re.compile(r"[0-9A-Za-z_\-|*]{6,32}")
BILL_NUMBER = re.compile(r"[0-9A-Za-z]{1,32}")
STATES = {
    "NOTPAY": "订单未支付",
    "SUCCESS": "支付成功",
    "REFUND": "转入退款",
    "CLOSED": "订单已关闭",
}
PRODUCTS = {"native": "NATIVE", "jsapi": "JSAPI", "h5": "MWEB"}


def iso(seconds):
    moment = datetime.datetime.fromtimestamp(int(seconds), SHANGHAI)
    return moment.isoformat()


def need(values, *names):
    """Refuse a body in which something is missing."""
    for name in names:
        if values.get(name) in (None, "", {}):
            raise Refusal("PARAM_ERROR", f"缺少参数 {name}")
    return values


class WechatPay(Simulator):
    """WeChat Pay for one merchant."""

    name = "wechat"
    settings = {
        **Simulator.settings,
        # Which key signs: "public_key", or the number of a certificate (0, 1).
        "signer": "public_key",
        "transfer_state": "WAIT_USER_CONFIRM",
    }

    def __init__(self, keys, url, path=":memory:"):
        super().__init__(keys, url, path)
        self.merchant = signing.load_public(keys["merchant_certificate"])
        self.signers = {
            "public_key": (
                keys["public_key_id"],
                signing.load_private(keys["platform_key"]),
            )
        }
        for number, row in enumerate(keys["certificates"]):
            own = (row["serial_no"], signing.load_private(row["key"]))
            self.signers[number] = own
        self.stranger = self.signers[1][1]
        self.nonces = set()
        self.openids = {}
        api, order = "/v3/pay/transactions", r"/out-trade-no/([^/]+)"
        refund, transfer = (
            "/v3/refund/domestic/refunds",
            "/v3/fund-app/mch-transfer/transfer-bills",
        )
        bill = r"/out-bill-no/([^/]+)"
        self.routes = [
            ("POST", rf"{api}/(native|jsapi|h5)", "order", self.order),
            ("GET", rf"{api}{order}", "query", self.query),
            ("GET", rf"{api}/id/([^/]+)", "query", self.query_id),
            ("POST", rf"{api}{order}/close", "close", self.close),
            ("POST", refund, "refund", self.refund),
            ("GET", rf"{refund}/([^/]+)", "refund_query", self.refund_query),
            ("POST", transfer, "transfer", self.transfer),
            ("GET", rf"{transfer}{bill}", "transfer_query", self.transfer_query),
            ("POST", rf"{transfer}{bill}/cancel", "transfer_cancel", self.cancel),
            ("GET", "/v3/certificates", "certificates", self.certificates),
            ("GET", "/v3/bill/tradebill", "bill", self.trade_bill),
            ("GET", "/v3/bill/fundflowbill", "bill", self.flow_bill),
        ]

    # === SIGNED REQUESTS === #

    def handle(self, request):
        if request.path.startswith("/v3/billdownload/"):
            return self.download(request)
        if not request.path.startswith("/v3/"):
            return self.person(request)
        try:
            self.authenticate(request)
            event, function, arguments = self.route(request)
            post = request.method == "POST"
            values = self.body(request) if post else request.query
            number = self.number_of(values, arguments)
        except Refusal as refusal:
            return self.answer(refusal, {}, request)
        result, fault = self.call(
            event, number, lambda: function(*arguments, values, request)
        )
        return self.answer(result, fault, request)

    def route(self, request):
        for method, pattern, event, function in self.routes:
            match = re.fullmatch(pattern, request.path)
            if match and method == request.method:
                return event, function, match.groups()
        raise Refusal("NOT_FOUND", "接口不存在", 404)

    def body(self, request):
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Refusal("PARAM_ERROR", "Content-Type 必须为 application/json")
        try:
            values = json.loads(request.body)
        except ValueError:
            values = None
        if not isinstance(values, dict):
            raise Refusal("PARAM_ERROR", "请求体不是 JSON 对象")
        return values

    def number_of(self, values, arguments):
        names = ("out_refund_no", "out_bill_no", "out_trade_no")
        found = [values[name] for name in names if values.get(name)]
        return str((found or arguments or [""])[0])

    def authenticate(self, request):
        """Check the merchant's signature over the very bytes that were sent.

        :raise Refusal: 401 SIGN_ERROR
        """
        text = request.headers.get("authorization", "")
        scheme, _space, rest = text.partition(" ")
        given = dict(AUTHORIZATION.findall(rest))
        sent = request.body.decode(errors="replace")
        message = (
            f"{request.method}\n{request.target}\n{given.get('timestamp')}\n"
            f"{given.get('nonce_str')}\n{sent}\n"
        )
        right = (
            scheme == "WECHATPAY2-SHA256-RSA2048"
            and given.get("mchid") == self.keys["mchid"]
            and given.get("serial_no") == self.keys["serial_no"]
            and given.get("timestamp", "").isdigit()
            and abs(int(given["timestamp"]) - self.books.now()) < TOLERANCE
            and given.get("nonce_str") not in self.nonces
            and signing.verify(self.merchant, message, given.get("signature", ""))
        )
        if not right:
            raise Refusal("SIGN_ERROR", "签名错误", 401)
        if not request.headers.get("user-agent"):
            raise Refusal("PARAM_ERROR", "缺少 User-Agent")
        self.nonces.add(given["nonce_str"])

    def signer(self, serial=None):
        """:return: (serial, key) of the key asked for, otherwise of the present one"""
        for own in self.signers.values():
            if own[0] == serial:
                return own
        return self.signers[self.options["signer"]]

    def sign(self, text, fault, serial=None):
        """:return: the four headers over a body, with what a fault spoils"""
        serial, key = self.signer(serial)
        word = fault.get("fault")
        now = self.books.now()
        if word == "skewed":
            now -= fault.get("seconds", 301)
        if word == "unknown_serial":
            serial = "0123456789ABCDEF0123456789ABCDEF01234567"
        if word == "forged":
            key = self.stranger
        stamp, nonce = str(int(now)), signing.nonce()
        signature = signing.sign(key, f"{stamp}\n{nonce}\n{text}\n")
        if word == "probe":
            signature = f"WECHATPAY/SIGNTEST/{signature}"
        return {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": serial,
            "Wechatpay-Signature": signature,
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }

    def busy(self, fault):
        return Refusal("SYSTEM_ERROR", "系统异常，请稍后重试", 500)

    def answer(self, result, fault, request):
        if isinstance(result, Answer):
            return result
        status, text = 200, ""
        if isinstance(result, Refusal):
            status = result.status
            values = {"code": result.code, "message": result.message}
            text = json.dumps(values, ensure_ascii=False)
        elif result is None:
            status = 204
        else:
            text = json.dumps(result, ensure_ascii=False, separators=(",", ":"))
        headers = self.sign(text, fault, request.headers.get("wechatpay-serial"))
        headers |= {"Content-Type": "application/json; charset=utf-8"}
        headers |= {"Request-ID": token(16)}
        if fault.get("fault") == "garbled":
            text = text.replace("SUCCESS", "SUCCESs") + " "
        return Answer(text.encode(), status, headers)

    # === PAYMENTS === #

    def check_merchant(self, values, appid=True):
        if values.get("mchid") != self.keys["mchid"]:
            raise Refusal("MCH_NOT_EXISTS", "商户号不存在")
        if appid and values.get("appid") != self.keys["appid"]:
            raise Refusal("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")

    def notify_url(self, values, required=True):
        url = values.get("notify_url")
        if not url and not required:
            return None
        try:
            self.check_url(url)
        except ValueError as error:
            raise Refusal("PARAM_ERROR", f"notify_url: {error}") from error
        if "?" in url:
            raise Refusal("PARAM_ERROR", "notify_url 不能携带参数")
        return url

    def order(self, product, values, request):
        need(values, "appid", "mchid", "description", "out_trade_no", "amount")
        self.check_merchant(values)
        number, amount = values["out_trade_no"], values["amount"]
        if not isinstance(number, str) or not NUMBER.fullmatch(number):
            raise Refusal("PARAM_ERROR", "out_trade_no 不符合规则")
        total = amount.get("total")
        if type(total) is not int or not 0 < total <= 10**10:
            raise Refusal("PARAM_ERROR", "total 必须是正整数，单位为分")
        if amount.get("currency", "CNY") != "CNY":
            raise Refusal("PARAM_ERROR", "currency 必须为 CNY")
        if len(values["description"].encode()) > 127 * 3:
            raise Refusal("PARAM_ERROR", "description 过长")
        if product == "jsapi":
            need(values.get("payer") or {}, "openid")
        if product == "h5":
            scene = need(values.get("scene_info") or {}, "payer_client_ip", "h5_info")
            need(scene["h5_info"], "type")
        expires = self.expires(values.get("time_expire"))
        trade = self.books.one("trade", number=number)
        if not trade:
            trade = self.books.insert(
                "trade",
                number=number,
                trade_id=None,
                product=PRODUCTS[product],
                state="NOTPAY",
                amount=total,
                subject=values["description"],
                notify_url=self.notify_url(values),
                return_url=None,
                code=f"weixin://wxpay/bizpayurl?pr={token(9)}",
                prepay_id=f"wx{token(34)}",
                payer=(values.get("payer") or {}).get("openid"),
                created=self.books.now(),
                expires=expires,
                paid=None,
                closed=None,
                request=json.dumps(values, sort_keys=True),
            )
        elif trade["state"] == "CLOSED":
            raise Refusal("ORDER_CLOSED", "订单已关闭")
        elif trade["state"] != "NOTPAY":
            raise Refusal("OUT_TRADE_NO_USED", "商户订单号重复", 403)
        elif (trade["product"], trade["amount"]) != (PRODUCTS[product], total) or (
            trade["subject"] != values["description"]
        ):
            raise Refusal("INVALID_REQUEST", "请求重入时，参数与首次请求时不一致")
        else:
            # A code lives two hours; whoever asks again gets a new one.
            code = f"weixin://wxpay/bizpayurl?pr={token(9)}"
            self.books.update("trade", trade, code=code, expires=expires)
        if product == "native":
            return {"code_url": trade["code"]}
        if product == "jsapi":
            return {"prepay_id": trade["prepay_id"]}
        return {"h5_url": f"{self.url}/h5?prepay_id={trade['prepay_id']}"}

    def expires(self, text):
        now = self.books.now()
        if not text:
            return now + 7 * 86400
        try:
            moment = datetime.datetime.fromisoformat(text)
        except (TypeError, ValueError):
            moment = None
        if not moment or not moment.tzinfo:
            raise Refusal("PARAM_ERROR", "time_expire 格式错误")
        if moment.timestamp() <= now:
            raise Refusal("PARAM_ERROR", "time_expire 早于当前时间")
        return moment.timestamp()

    def find(self, number):
        trade = self.books.one("trade", number=number)
        if not trade:
            raise Refusal("ORDER_NOT_EXIST", "订单不存在", 404)
        if trade["state"] == "NOTPAY" and trade["expires"] < self.books.now():
            self.books.update("trade", trade, state="CLOSED", closed=trade["expires"])
        return trade

    def query(self, number, values, request):
        self.check_merchant(values, appid=False)
        return self.transaction(self.find(number))

    def query_id(self, trade_id, values, request):
        self.check_merchant(values, appid=False)
        number = self.books.one("trade", trade_id=trade_id).get("number")
        return self.transaction(self.find(number))

    def transaction(self, trade):
        """:return: a trade as queries and notifications show it"""
        values = {
            "appid": self.keys["appid"],
            "mchid": self.keys["mchid"],
            "out_trade_no": trade["number"],
            "trade_state": trade["state"],
            "trade_state_desc": STATES[trade["state"]],
            "amount": {
                "total": trade["amount"],
                "currency": "CNY",
                "payer_currency": "CNY",
            },
        }
        if trade["paid"]:
            values |= {
                "transaction_id": trade["trade_id"],
                "trade_type": trade["product"],
                "bank_type": "OTHERS",
                "attach": "",
                "success_time": iso(trade["paid"]),
                "payer": {"openid": trade["payer"]},
            }
            values["amount"]["payer_total"] = trade["amount"]
        return values

    def close(self, number, values, request):
        self.check_merchant(values, appid=False)
        trade = self.find(number)
        if trade["state"] == "NOTPAY":
            now = self.books.now()
            self.books.update("trade", trade, state="CLOSED", closed=now)
        elif trade["state"] == "CLOSED":
            raise Refusal("ORDER_CLOSED", "订单已关闭")
        else:
            raise Refusal("INVALID_REQUEST", "订单已支付")

    def pay(self, trade, late=False, payer=None):
        """Let a person pay a trade.

        :param bool late: the payment was under way when the trade was closed
        :raise Refusal: it cannot be paid any more
        """
        trade = self.find(trade.get("number"))
        if trade["state"] != "NOTPAY" and not (late and trade["state"] == "CLOSED"):
            raise Refusal("ORDER_CLOSED", f"该订单{STATES[trade['state']]}")
        trade_id = f"42000{self.books.now() * 1000:.0f}{len(self.books.all('flow')):09}"
        self.books.update(
            "trade",
            trade,
            state="SUCCESS",
            trade_id=trade_id[:28],
            paid=self.books.now(),
            payer=payer or trade["payer"] or f"o{token(27)}",
        )
        self.books.move("交易", trade["trade_id"], trade["number"], trade["amount"])
        if fee := self.fee(trade["amount"]):
            self.books.move("扣除交易手续费", trade["trade_id"], trade["number"], -fee)
        self.notify_paid(trade)
        return trade

    def notify_paid(self, trade):
        self.notify(
            "TRANSACTION.SUCCESS",
            trade["number"],
            trade["notify_url"],
            "transaction",
            self.transaction(trade),
        )

    def notify(self, event, number, url, original_type, resource):
        """Send a signed notification with a sealed resource."""
        if not url:
            return
        text = json.dumps(resource, ensure_ascii=False, separators=(",", ":"))
        # One number for all tries of the same notification.
        known = {
            "id": f"{token(8)}-{token(4)}-{token(4)}-{token(12)}",
            "create_time": iso(self.books.now()),
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": event,
        }

        def make(fault):
            sealed = signing.seal(self.keys["apiv3_key"], text, original_type)
            resource = {"original_type": original_type, **sealed}
            body = json.dumps({**known, "resource": resource}, ensure_ascii=False)
            headers = self.sign(body, fault)
            if fault.get("fault") == "garbled":
                body = body.replace(known["id"], known["id"][::-1])
            headers |= {"Content-Type": "application/json"}
            return headers, body.encode()

        self.notifier.add(
            event, number, url, make, lambda answer: answer.status_code in (200, 204)
        )

    # === REFUNDS === #

    def refund(self, values, request):
        need(values, "out_refund_no", "amount")
        amount = need(values["amount"], "refund", "total", "currency")
        number = values["out_refund_no"]
        if values.get("transaction_id"):
            trade = self.books.one("trade", trade_id=values["transaction_id"])
        else:
            trade = self.books.one("trade", number=values.get("out_trade_no"))
        if not trade:
            raise Refusal("RESOURCE_NOT_EXISTS", "订单不存在", 404)
        if type(amount["refund"]) is not int or amount["refund"] <= 0:
            raise Refusal("PARAM_ERROR", "refund 必须是正整数，单位为分")
        if not NUMBER.fullmatch(number) and not re.fullmatch(
            r"[\w\-|*@]{1,64}", number
        ):
            raise Refusal("PARAM_ERROR", "out_refund_no 不符合规则")
        earlier = self.books.one("refund", number=number)
        if earlier:
            same = (trade["number"], amount["refund"])
            if (earlier["trade"], earlier["amount"]) != same:
                raise Refusal("INVALID_REQUEST", "退款单号已存在，参数不一致")
            if earlier["state"] == "ABNORMAL":
                # The same number again: WeChat Pay tries once more.
                self.books.update("refund", earlier, state="PROCESSING")
                self.settle_later(trade, earlier)
            return self.refund_values(trade, earlier)
        if trade["state"] not in ("SUCCESS", "REFUND"):
            raise Refusal("INVALID_REQUEST", "订单未支付")
        if amount["total"] != trade["amount"] or amount["currency"] != "CNY":
            raise Refusal("INVALID_REQUEST", "订单金额不一致")
        taken = self.books.refunded(trade, "PROCESSING", "SUCCESS", "ABNORMAL")
        if taken + amount["refund"] > trade["amount"]:
            raise Refusal("INVALID_REQUEST", "申请退款金额超过订单剩余可退金额")
        if len(self.books.all("refund", trade=trade["number"])) >= 50:
            raise Refusal("INVALID_REQUEST", "退款次数超过50次")
        if not self.can_pay(amount["refund"]):
            raise Refusal("NOT_ENOUGH", "余额不足", 403)
        count = len(self.books.all("refund"))
        refund = self.books.insert(
            "refund",
            trade=trade["number"],
            number=number,
            refund_id=f"50300{self.books.now() * 1000:.0f}{count:09}"[:28],
            amount=amount["refund"],
            state="PROCESSING",
            reason=values.get("reason"),
            notify_url=self.notify_url(values, required=False),
            created=self.books.now(),
            done=None,
        )
        self.books.update("trade", trade, state="REFUND")
        fee = self.fee(refund["amount"])
        paid = fee - refund["amount"]
        self.books.move("退款", trade["trade_id"], number, paid, fee)
        self.settle_later(trade, refund)
        return self.refund_values(trade, refund)

    def settle_later(self, trade, refund):
        key = {"trade": trade["number"], "number": refund["number"]}
        self.later(self.options["refund_seconds"], self.settle, key, "SUCCESS")

    def settle(self, key, state):
        """Bring a refund to its end: SUCCESS, ABNORMAL or CLOSED; tell the merchant."""
        refund = self.books.one("refund", **key)
        if refund["state"] != "PROCESSING":
            return
        trade = self.books.one("trade", number=refund["trade"])
        now = self.books.now()
        done = now if state == "SUCCESS" else None
        self.books.update("refund", refund, state=state, done=done)
        if state == "CLOSED":
            fee = self.fee(refund["amount"])
            back, number = refund["amount"] - fee, refund["number"]
            self.books.move("退款退回", trade["trade_id"], number, back, -fee)
        values = self.refund_values(trade, refund)
        names = ("total", "refund", "payer_total", "payer_refund")
        told = {
            "mchid": self.keys["mchid"],
            **{
                name: values[name]
                for name in ("out_trade_no", "transaction_id", "out_refund_no")
            },
            "refund_id": values["refund_id"],
            "refund_status": state,
            "user_received_account": values["user_received_account"],
            "amount": {name: values["amount"][name] for name in names},
        }
        if done:
            told["success_time"] = values["success_time"]
        url = refund["notify_url"]
        self.notify(f"REFUND.{state}", refund["number"], url, "refund", told)

    def refund_query(self, number, values, request):
        refund = self.books.one("refund", number=number)
        if not refund:
            raise Refusal("RESOURCE_NOT_EXISTS", "退款单不存在", 404)
        trade = self.books.one("trade", number=refund["trade"])
        return self.refund_values(trade, refund)

    def refund_values(self, trade, refund):
        values = {
            "refund_id": refund["refund_id"],
            "out_refund_no": refund["number"],
            "transaction_id": trade["trade_id"],
            "out_trade_no": trade["number"],
            "channel": "ORIGINAL",
            "user_received_account": "支付用户零钱",
            "create_time": iso(refund["created"]),
            "status": refund["state"],
            "funds_account": "AVAILABLE",
            "amount": {
                "total": trade["amount"],
                "refund": refund["amount"],
                "payer_total": trade["amount"],
                "payer_refund": refund["amount"],
                "settlement_total": trade["amount"],
                "settlement_refund": refund["amount"],
                "discount_refund": 0,
                "currency": "CNY",
                "refund_fee": self.fee(refund["amount"]),
            },
        }
        if refund["done"]:
            values["success_time"] = iso(refund["done"])
        return values

    # === TRANSFERS === #

    def transfer(self, values, request):
        need(values, "appid", "out_bill_no", "transfer_scene_id", "openid")
        need(values, "transfer_amount", "transfer_remark")
        if values["appid"] != self.keys["appid"]:
            raise Refusal("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配")
        number, amount = values["out_bill_no"], values["transfer_amount"]
        if not isinstance(number, str) or not BILL_NUMBER.fullmatch(number):
            raise Refusal("PARAM_ERROR", "out_bill_no 只能由数字、大小写字母组成")
        if type(amount) is not int or amount < 10:
            raise Refusal("PARAM_ERROR", "transfer_amount 不得低于0.1元")
        name = self.payee_name(values, request)
        asked = json.dumps(
            [number, amount, values["openid"], name, values["transfer_scene_id"]]
        )
        bill = self.books.one("transfer", number=number)
        if bill and bill["request"] != asked:
            raise Refusal("INVALID_REQUEST", "商户单号已存在，参数与原请求不一致")
        if bill:
            return self.accepted(bill)
        if not self.can_pay(amount):
            raise Refusal("NOT_ENOUGH", "余额不足", 403)
        now = self.books.now()
        bill = self.books.insert(
            "transfer",
            number=number,
            transfer_id=f"1330{now * 1000:.0f}{len(self.books.all('transfer')):010}",
            state=self.options["transfer_state"],
            amount=amount,
            payee=values["openid"],
            name=name,
            reason=None,
            notify_url=self.notify_url(values, required=False),
            package=token(40),
            remark=values["transfer_remark"],
            created=now,
            updated=now,
            request=asked,
        )
        # The money leaves the merchant's account now, and comes back if it fails.
        self.books.move("商家转账", bill["transfer_id"], number, -amount)
        if bill["state"] in ("SUCCESS", "FAIL"):
            state = bill["state"]
            self.books.update("transfer", bill, state="PROCESSING")
            self.later(self.options["refund_seconds"], self.end, number, state)
        return self.accepted(bill)

    def payee_name(self, values, request):
        sealed = values.get("user_name")
        if not sealed:
            if values["transfer_amount"] >= NAME_FROM:
                raise Refusal(
                    "PARAM_ERROR", "转账金额大于等于2000元时，收款用户姓名必填"
                )
            return None
        if values["transfer_amount"] < 30:
            raise Refusal("PARAM_ERROR", "转账金额小于0.3元时，不允许填写收款用户姓名")
        serial = request.headers.get("wechatpay-serial")
        for own, key in self.signers.values():
            if own == serial:
                try:
                    return signing.decrypt_name(key, sealed)
                except ValueError:
                    break
        raise Refusal("PARAM_ERROR", "收款用户姓名解密失败")

    def accepted(self, bill):
        values = {
            "out_bill_no": bill["number"],
            "transfer_bill_no": bill["transfer_id"],
            "create_time": iso(bill["created"]),
            "state": bill["state"],
        }
        if bill["state"] == "WAIT_USER_CONFIRM":
            values["package_info"] = bill["package"]
        return values

    def find_bill(self, number):
        bill = self.books.one("transfer", number=number)
        if not bill:
            raise Refusal("NOT_FOUND", "记录不存在", 404)
        day_over = bill["created"] + 86400 < self.books.now()
        if bill["state"] == "WAIT_USER_CONFIRM" and day_over:
            self.finish(bill, "FAIL", "OVERDUE_CLOSE")
        return bill

    def transfer_query(self, number, values, request):
        return self.transfer_values(self.find_bill(number))

    def transfer_values(self, bill):
        values = {
            "mch_id": self.keys["mchid"],
            "out_bill_no": bill["number"],
            "transfer_bill_no": bill["transfer_id"],
            "appid": self.keys["appid"],
            "state": bill["state"],
            "transfer_amount": bill["amount"],
            "transfer_remark": bill["remark"],
            "openid": bill["payee"],
            "create_time": iso(bill["created"]),
            "update_time": iso(bill["updated"]),
        }
        if bill["reason"]:
            values["fail_reason"] = bill["reason"]
        return values

    def cancel(self, number, values, request):
        bill = self.find_bill(number)
        if bill["state"] == "WAIT_USER_CONFIRM":
            now = self.books.now()
            self.books.update("transfer", bill, state="CANCELING", updated=now)
            self.later(self.options["refund_seconds"], self.end, number, "CANCELLED")
        elif bill["state"] not in ("CANCELING", "CANCELLED"):
            raise Refusal("INVALID_REQUEST", "当前状态不可撤销")
        return {
            "out_bill_no": number,
            "transfer_bill_no": bill["transfer_id"],
            "state": bill["state"],
            "update_time": iso(bill["updated"]),
        }

    def end(self, number, state, reason=None):
        bill = self.books.one("transfer", number=number)
        if bill["state"] in ("PROCESSING", "TRANSFERING", "CANCELING"):
            reason = reason or ("PAYEE_ACCOUNT_ABNORMAL" if state == "FAIL" else None)
            self.finish(bill, state, reason)

    def finish(self, bill, state, reason=None):
        now = self.books.now()
        self.books.update("transfer", bill, state=state, reason=reason, updated=now)
        if state != "SUCCESS":
            amount, number = bill["amount"], bill["number"]
            self.books.move("商家转账退回", bill["transfer_id"], number, amount)
        values = self.transfer_values(bill)
        values = {
            name: value
            for name, value in values.items()
            if name not in ("appid", "transfer_remark")
        }
        event, url = "MCHTRANSFER.BILL.FINISHED", bill["notify_url"]
        self.notify(event, bill["number"], url, "mch_payment", values)

    def decide(self, number, state, reason=None):
        """Let the payee confirm (SUCCESS), or let it fail or run out (FAIL)."""
        bill = self.find_bill(number)
        if bill["state"] != "WAIT_USER_CONFIRM":
            raise Refusal("INVALID_REQUEST", f"State is {bill['state']}")
        if state == "SUCCESS":
            self.books.update("transfer", bill, state="TRANSFERING")
            self.later(self.options["refund_seconds"], self.end, number, "SUCCESS")
        else:
            self.finish(bill, state, reason or "OVERDUE_CLOSE")

    # === CERTIFICATES AND BILLS === #

    def certificates(self, values, request):
        rows = []
        for own in self.keys["certificates"]:
            sealed = signing.seal(
                self.keys["apiv3_key"], own["certificate"], "certificate"
            )
            rows.append(
                {
                    "serial_no": own["serial_no"],
                    "effective_time": iso(self.books.now() - 86400),
                    "expire_time": iso(self.books.now() + 1825 * 86400),
                    "encrypt_certificate": sealed,
                }
            )
        return {"data": rows}

    def trade_bill(self, values, request):
        kind = values.get("bill_type", "ALL")
        return self.bill(values, f"trade-{kind}", bills.wechat_trade, kind)

    def flow_bill(self, values, request):
        return self.bill(values, "flow", bills.wechat_flow)

    def bill(self, values, name, make, *arguments):
        """:return: where a day's file lies, and the digest of what is in it"""
        day = values.get("bill_date", "")
        try:
            date = datetime.date.fromisoformat(day)
        except ValueError:
            raise Refusal("PARAM_ERROR", "bill_date 格式错误") from None
        now = datetime.datetime.fromtimestamp(self.books.now(), SHANGHAI)
        ready = datetime.datetime.combine(
            date + datetime.timedelta(days=1), datetime.time(10), SHANGHAI
        )
        if now < ready and not self.options["open_bills"]:
            raise Refusal("STATEMENT_CREATING", "账单生成中")
        content = make(self, day, *arguments)
        if len(content.splitlines()) < 4:
            raise Refusal("NO_STATEMENT_EXIST", "账单文件不存在")
        zipped = values.get("tar_type") == "GZIP"
        query = urllib.parse.urlencode({"day": day, "name": name, "zip": int(zipped)})
        return {
            "hash_type": "SHA1",
            "hash_value": hashlib.sha1(content, usedforsecurity=False).hexdigest(),
            "download_url": f"{self.url}/v3/billdownload/file?{query}",
        }

    def download(self, request):
        """The file itself: asked for with a signature, answered without one."""
        try:
            self.authenticate(request)
        except Refusal as refusal:
            return self.answer(refusal, {}, request)
        day, name = request.query.get("day", ""), request.query.get("name", "")

        def make():
            if name == "flow":
                return bills.wechat_flow(self, day)
            return bills.wechat_trade(self, day, name.removeprefix("trade-"))

        result, fault = self.call("download", day, make)
        if not isinstance(result, bytes):
            return self.answer(result, fault, request)
        if fault.get("fault") == "garbled":
            result = result.replace(b"`0.00", b"`0.01", 1)
        if request.query.get("zip") == "1":
            result = gzip.compress(result)
        return Answer(result, 200, {"Content-Type": "application/octet-stream"})

    # === PEOPLE === #

    def person(self, request: Request):
        """The payer's phone: what waits to be paid or received, one click each."""
        form = {
            name.decode(): value.decode(errors="replace")
            for name, value in request.form.items()
        }
        try:
            if request.path == "/connect/oauth2/authorize":
                return self.authorize(form)
            if request.path == "/sns/oauth2/access_token":
                return self.access_token(form)
            if request.path == "/jsbridge":
                return self.bridge(request)
            if request.path == "/pay" and request.method == "POST":
                with self.books.writing():
                    self.pay(self.books.one("trade", number=form.get("number")))
                return redirect(form.get("back") or "/")
            if request.path == "/decide" and request.method == "POST":
                with self.books.writing():
                    self.decide(form.get("number"), form.get("state"))
                return redirect("/")
            if request.path == "/scan":
                trade = self.books.one("trade", code=form.get("code", "").strip())
                return self.cashier(trade, "/")
            if request.path == "/h5":
                trade = self.books.one("trade", prepay_id=form.get("prepay_id"))
                if trade and trade["created"] + H5_SECONDS < self.books.now():
                    raise Refusal("EXPIRED", "该链接已过期")
                return self.cashier(trade, form.get("redirect_url") or "/")
            if request.path == "/":
                return self.phone()
        except (Refusal, ValueError) as error:
            return page("微信支付", f"<p>{html.escape(str(error))}</p>", 400)
        return page("微信支付", "<p>404</p>", 404)

    def cashier(self, trade, back):
        if not trade:
            raise Refusal("NOT_FOUND", "二维码无效")
        trade = self.find(trade["number"])
        if trade["state"] != "NOTPAY":
            raise Refusal("ORDER_CLOSED", STATES[trade["state"]])
        if back != "/":
            self.check_url(back)
        words = f"支付 ¥{yuan(trade['amount'])}"
        pay = button("/pay", words, number=trade["number"], back=back)
        leave = f"<a href='{html.escape(back, quote=True)}'>返回商家</a>"
        return page("微信支付", f"<p>{html.escape(trade['subject'])}</p>{pay} {leave}")

    def phone(self):
        rows = []
        for trade in self.books.all("trade", order="created DESC")[:50]:
            act = STATES[trade["state"]]
            if trade["state"] == "NOTPAY" and trade["expires"] > self.books.now():
                act = button("/pay", "支付", number=trade["number"])
            subject = html.escape(trade["subject"])
            rows.append((subject, trade["number"], yuan(trade["amount"]), act))
        for bill in self.books.all("transfer", order="created DESC")[:50]:
            act = bill["state"]
            if act == "WAIT_USER_CONFIRM":
                act = button("/decide", "收款", number=bill["number"], state="SUCCESS")
                act += button("/decide", "过期", number=bill["number"], state="FAIL")
            remark = html.escape(bill["remark"])
            rows.append((remark, bill["number"], f"+{yuan(bill['amount'])}", act))
        table = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        scan = (
            "<form action='/scan'><input name='code' size='40' "
            "placeholder='weixin://…'> <button>扫一扫</button></form>"
        )
        return page("微信（模拟）", f"{scan}<table>{table}</table>")

    def authorize(self, form):
        """WeChat's own browser: tells the official account who is using it."""
        back = self.check_url(form.get("redirect_uri"))
        if form.get("appid") != self.keys["appid"]:
            raise Refusal("PARAM_ERROR", "appid 错误")
        code = token(32)
        self.openids[code] = f"o{token(27)}"
        query = urllib.parse.urlencode({"code": code, "state": form.get("state", "")})
        return redirect(f"{back}{'&' if '?' in back else '?'}{query}")

    def access_token(self, form):
        """What a code is worth, once."""
        known = (form.get("appid"), form.get("secret"))
        openid = self.openids.pop(form.get("code"), None)
        values = {"errcode": 40029, "errmsg": "invalid code"}
        if openid and known == (self.keys["appid"], self.keys["app_secret"]):
            values = {
                "access_token": token(40),
                "expires_in": 7200,
                "openid": openid,
                "scope": "snsapi_base",
            }
        headers = {"Content-Type": "text/plain"}
        return Answer(json.dumps(values).encode(), 200, headers)

    def bridge(self, request):
        """What WeixinJSBridge does inside WeChat: check `paySign`, then pay."""
        values = json.loads(request.body)
        text = (
            f"{values.get('appId')}\n{values.get('timeStamp')}\n"
            f"{values.get('nonceStr')}\n{values.get('package')}\n"
        )
        right = (
            values.get("appId") == self.keys["appid"]
            and values.get("signType") == "RSA"
            and signing.verify(self.merchant, text, values.get("paySign", ""))
        )
        prepay_id = str(values.get("package")).removeprefix("prepay_id=")
        trade = self.books.one("trade", prepay_id=prepay_id)
        result = "get_brand_wcpay_request:fail"
        if right and trade:
            with self.books.writing():
                self.pay(trade)
            result = "get_brand_wcpay_request:ok"
        return Answer(
            json.dumps({"err_msg": result}).encode(),
            200,
            {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"},
        )

    # === CONTROL === #

    def control_decide(self, number, state, reason=None):
        """End a transfer that waits: SUCCESS, or FAIL with a reason."""
        with self.books.writing():
            self.decide(number, state, reason)

    def control_settle(self, number, state):
        """End a refund that is under way: SUCCESS, ABNORMAL or CLOSED."""
        with self.books.writing():
            refund = self.books.one("refund", number=number)
            self.settle({"trade": refund["trade"], "number": number}, state)

    def control_notify(self, number, times=1):
        """Tell the merchant about a payment again."""
        trade = self.books.one("trade", number=number)
        for _time in range(times):
            self.notify_paid(trade)


if __name__ == "__main__":
    run(WechatPay)
