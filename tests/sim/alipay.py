"""A simulator of Alipay's gateway: page, wap and QR payments, refunds, transfers."""

import base64
import datetime
import html
import json
import re
import urllib.parse

from sim import bills, signing
from sim.server import (
    SHANGHAI,
    Answer,
    Refusal,
    Simulator,
    button,
    page,
    redirect,
    run,
    token,
    yuan,
)

NUMBER = re.compile(r"\w{1,64}")
AMOUNT = re.compile(r"(0|[1-9]\d{0,8})(\.\d{1,2})?")
UNITS = {"m": 60, "h": 3600, "d": 86400}
PAGES = {
    "alipay.trade.page.pay": "FAST_INSTANT_TRADE_PAY",
    "alipay.trade.wap.pay": "QUICK_WAP_WAY",
}
MESSAGES = {
    "10000": "Success",
    "20000": "Service Currently Unavailable",
    "40002": "Invalid Arguments",
    "40004": "Business Failed",
    "40006": "Insufficient Conditions",
}
STATES = {
    "OPEN": "等待登录",
    "WAIT_BUYER_PAY": "等待付款",
    "TRADE_SUCCESS": "支付成功",
    "TRADE_CLOSED": "交易关闭",
}


def stamp(seconds):
    moment = datetime.datetime.fromtimestamp(int(seconds), SHANGHAI)
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def moment(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).timestamp()


def content(values, *without):
    """:return: what is signed: sorted, without what is empty"""
    return "&".join(
        f"{name}={values[name]}"
        for name in sorted(values)
        if name not in without and values[name] not in ("", None)
    )


def fen(text):
    """:return: an amount in yuan as integer fen"""
    if not isinstance(text, str | int | float) or not AMOUNT.fullmatch(str(text)):
        raise Failure("ACQ.INVALID_PARAMETER", f"参数无效 {text}")
    whole, _dot, part = str(text).partition(".")
    amount = int(whole) * 100 + int(part.ljust(2, "0") or 0)
    if not amount:
        raise Failure("ACQ.INVALID_PARAMETER", "金额必须大于0")
    return amount


class Failure(Refusal):
    """What Alipay answers when it does not do what was asked."""

    def __init__(self, sub_code, sub_msg, code="40004"):
        super().__init__(sub_code, sub_msg)
        self.status = code


class Alipay(Simulator):
    """Alipay's open gateway for one application."""

    name = "alipay"
    settings = {
        **Simulator.settings,
        # What a transfer becomes at once: SUCCESS, DEALING or FAIL.
        "transfer_state": "SUCCESS",
    }

    def __init__(self, keys, url, path=":memory:"):
        super().__init__(keys, url, path)
        self.app = signing.load_public(keys["app_public_key"])
        self.key = signing.load_private(keys["alipay_key"])
        self.stranger = signing.load_private(keys["app_key"])
        self.methods = {
            "alipay.trade.precreate": ("order", self.precreate),
            "alipay.trade.query": ("query", self.query),
            "alipay.trade.close": ("close", self.close),
            "alipay.trade.refund": ("refund", self.refund),
            "alipay.trade.fastpay.refund.query": ("refund_query", self.refund_query),
            "alipay.fund.trans.uni.transfer": ("transfer", self.transfer),
            "alipay.fund.trans.common.query": ("transfer_query", self.transfer_query),
            "alipay.data.dataservice.bill.downloadurl.query": ("bill", self.bill),
            "alipay.open.app.alipaycert.download": ("certificates", self.certificate),
        }

    # === SIGNED REQUESTS === #

    def handle(self, request):
        if request.path != "/gateway.do":
            return self.person(request)
        values, charset = self.decode(request.form)
        method = values.get("method", "")
        try:
            biz = self.authenticate(values)
            if method in PAGES:
                return self.cashier_of(method, biz, values)
            if method not in self.methods:
                raise Failure("isv.invalid-method", "不存在的方法名", "40002")
        except Failure as failure:
            if method in PAGES:
                return page("支付宝", f"<p>{html.escape(str(failure))}</p>", 400)
            return self.answer(failure, {}, method, values, charset)
        event, function = self.methods[method]
        names = ("out_request_no", "out_biz_no", "out_trade_no", "trade_no")
        number = next((biz[name] for name in names if biz.get(name)), "")
        result, fault = self.call(event, number, lambda: function(biz, values))
        return self.answer(result, fault, method, values, charset)

    def decode(self, form):
        charset = form.get(b"charset", b"utf-8").decode("ascii", "replace").lower()
        if charset not in ("utf-8", "gbk", "gb2312", "gb18030"):
            charset = "utf-8"
        pairs = {
            name.decode(charset, "replace"): value.decode(charset, "replace")
            for name, value in form.items()
        }
        return pairs, charset

    def authenticate(self, values):
        """Check the application's signature and, in certificate mode, its numbers.

        :return: what `biz_content` holds
        """
        for name in ("app_id", "method", "charset", "sign_type", "sign", "timestamp"):
            if not values.get(name):
                raise Failure(f"isv.missing-{name}", f"缺少{name}参数", "40002")
        if values["app_id"] != self.keys["app_id"]:
            raise Failure("isv.invalid-app-id", "无效的AppID参数", "40002")
        if values["sign_type"] != "RSA2" or values.get("version") != "1.0":
            raise Failure("isv.invalid-signature-type", "无效签名类型", "40002")
        text = content(values, "sign").encode(values["charset"])
        if not signing.verify(self.app, text, values["sign"]):
            raise Failure("isv.invalid-signature", "验签出错", "40002")
        try:
            off = moment(values["timestamp"]) - self.books.now()
        except ValueError:
            off = 86400
        if abs(off) > 600:
            raise Failure("isv.invalid-timestamp", "非法的时间戳参数", "40002")
        if "app_cert_sn" in values:
            numbers = (values["app_cert_sn"], values.get("alipay_root_cert_sn"))
            own = signing.certificate_sn(self.keys["app_certificate"])
            if numbers != (own, signing.root_sn(self.keys["root_certificates"])):
                raise Failure("isv.invalid-app-cert-sn", "应用证书序列号无效", "40002")
        try:
            biz = json.loads(values.get("biz_content") or "{}")
        except ValueError:
            biz = None
        if not isinstance(biz, dict):
            raise Failure("isv.invalid-parameter", "biz_content 不是 JSON", "40002")
        return biz

    def busy(self, fault):
        # With 40004 it looks like a refusal, yet says nothing about what was done.
        if fault.get("code") == "20000":
            return Failure("isp.unknow-error", "系统繁忙", "20000")
        prefix = "" if fault["on"].startswith("transfer") else "ACQ."
        return Failure(f"{prefix}SYSTEM_ERROR", "系统繁忙，请稍后再试")

    def answer(self, result, fault, method, values, charset):
        """:return: the answer; the exact text of its first member is what is signed"""
        if isinstance(result, Answer):
            return result
        if isinstance(result, Failure):
            code = result.status
            result = {"sub_code": result.code, "sub_msg": result.message}
        else:
            code = "10000"
        word = fault.get("fault")
        text = json.dumps(
            {"code": code, "msg": MESSAGES[code], **result},
            ensure_ascii=False,
            separators=(",", ":"),
        )
        key = self.stranger if word == "forged" else self.key
        signature = signing.sign(key, text.encode(charset))
        if word == "garbled":
            text = text.replace('"code":"', '"code": "')
        certificate = ""
        if "app_cert_sn" in values:
            number = signing.certificate_sn(self.keys["alipay_certificate"])
            if word == "unknown_serial":
                number = number[::-1]
            certificate = f'"alipay_cert_sn":"{number}",'
        name = f"{method.replace('.', '_')}_response" if method else "error_response"
        body = f'{{"{name}":{text},{certificate}"sign":"{signature}"}}'
        headers = {"Content-Type": f"text/html;charset={charset}"}
        return Answer(body.encode(charset), 200, headers)

    # === PAYMENTS === #

    def check_urls(self, values):
        for name in ("notify_url", "return_url"):
            if values.get(name):
                try:
                    self.check_url(values[name])
                except ValueError as error:
                    raise Failure("ACQ.INVALID_PARAMETER", str(error)) from error

    def expires(self, biz, default):
        now = self.books.now()
        try:
            if biz.get("time_expire"):
                end = moment(biz["time_expire"])
            else:
                text = biz.get("timeout_express") or biz.get("qr_code_timeout_express")
                text = text or default
                end = now + int(text[:-1]) * UNITS[text[-1]]
        except (ValueError, KeyError, TypeError):
            raise Failure("ACQ.INVALID_PARAMETER", "超时时间无效") from None
        if end <= now:
            raise Failure("ACQ.INVALID_PARAMETER", "超时时间早于当前时间")
        return end

    def open(self, product, biz, values, default):
        """Note what a person may pay; a trade begins when that person signs in."""
        number = biz.get("out_trade_no")
        if not isinstance(number, str) or not NUMBER.fullmatch(number):
            raise Failure("ACQ.INVALID_PARAMETER", "out_trade_no 无效")
        if not biz.get("subject") or len(str(biz["subject"])) > 256:
            raise Failure("ACQ.INVALID_PARAMETER", "subject 无效")
        amount = fen(biz.get("total_amount"))
        self.check_urls(values)
        trade = self.books.one("trade", number=number)
        if trade:
            self.expire(trade)
            if trade["state"] == "TRADE_SUCCESS":
                raise Failure("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
            if trade["state"] == "TRADE_CLOSED":
                raise Failure("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
            if (trade["amount"], trade["subject"]) != (amount, biz["subject"]):
                raise Failure("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
        else:
            count = len(self.books.all("trade"))
            day = stamp(self.books.now())[:10].replace("-", "")
            trade = self.books.insert(
                "trade",
                number=number,
                trade_id=f"{day}22001{self.books.now() * 1000:.0f}{count:02}"[:28],
                state="OPEN",
                amount=amount,
                subject=biz["subject"],
                created=self.books.now(),
                paid=None,
                closed=None,
                payer=None,
                prepay_id=None,
            )
        self.books.update(
            "trade",
            trade,
            product=product,
            code=f"https://qr.alipay.com/bax{token(20)}",
            notify_url=values.get("notify_url"),
            return_url=values.get("return_url"),
            expires=self.expires(biz, default),
            request=json.dumps({**values, "biz_content": biz}, sort_keys=True),
        )
        return trade

    def precreate(self, biz, values):
        trade = self.open("FACE_TO_FACE_PAYMENT", biz, values, "2h")
        return {"out_trade_no": trade["number"], "qr_code": trade["code"]}

    def cashier_of(self, method, biz, values):
        """The page that a person is sent to by the shop."""

        def open_page():
            if biz.get("product_code") != PAGES[method]:
                raise Failure("ACQ.INVALID_PARAMETER", "product_code 无效")
            return self.open(PAGES[method], biz, values, "1d")

        result, _fault = self.call("page", biz.get("out_trade_no"), open_page)
        if isinstance(result, Answer):
            return result
        if isinstance(result, Refusal):
            return page("支付宝", f"<p>{html.escape(str(result))}</p>", 400)
        return self.cashier(result, biz.get("quit_url"))

    def expire(self, trade):
        """A trade that nobody paid in time is closed, and the merchant is told."""
        if trade["expires"] >= self.books.now():
            return
        if trade["state"] == "WAIT_BUYER_PAY":
            self.shut(trade, trade["expires"])
        elif trade["state"] == "OPEN":
            raise Failure("ACQ.TRADE_NOT_EXIST", "交易不存在")

    def shut(self, trade, at):
        self.books.update("trade", trade, state="TRADE_CLOSED", closed=at)
        self.notify(trade, gmt_close=stamp(at))

    def find(self, biz):
        """:raise Failure: no person has signed in to pay this yet"""
        if biz.get("trade_no"):
            trade = self.books.one("trade", trade_id=biz["trade_no"])
        else:
            trade = self.books.one("trade", number=biz.get("out_trade_no"))
        if not trade or trade["state"] == "OPEN":
            raise Failure("ACQ.TRADE_NOT_EXIST", "交易不存在")
        self.expire(trade)
        return trade

    def query(self, biz, values):
        trade = self.find(biz)
        result = {
            "buyer_logon_id": "153***@example.com",
            "buyer_pay_amount": yuan(trade["amount"] if trade["paid"] else 0),
            "buyer_user_id": trade["payer"],
            "invoice_amount": "0.00",
            "out_trade_no": trade["number"],
            "point_amount": "0.00",
            "receipt_amount": yuan(trade["amount"] if trade["paid"] else 0),
            "total_amount": yuan(trade["amount"]),
            "trade_no": trade["trade_id"],
            "trade_status": trade["state"],
        }
        if trade["paid"]:
            result["send_pay_date"] = stamp(trade["paid"])
        return result

    def close(self, biz, values):
        trade = self.find(biz)
        if trade["state"] != "WAIT_BUYER_PAY":
            raise Failure("ACQ.REASON_TRADE_STATUS_INVALID", "交易状态异常")
        self.shut(trade, self.books.now())
        return {"trade_no": trade["trade_id"], "out_trade_no": trade["number"]}

    def sign_in(self, trade):
        """The payer signs in: only now Alipay knows the trade."""
        if trade.get("state") == "OPEN":
            self.expire(trade)
            payer = trade["payer"] or f"2088{int(self.books.now() * 1000) % 10**12:012}"
            self.books.update("trade", trade, state="WAIT_BUYER_PAY", payer=payer)
        return trade

    def pay(self, trade, late=False):
        """Let a person pay a trade.

        :param bool late: though the time is over, as with a slow bank
        :raise Failure: it cannot be paid any more
        """
        if not trade:
            raise Failure("ACQ.TRADE_NOT_EXIST", "交易不存在")
        if not late:
            self.expire(trade)
        else:
            self.books.update("trade", trade, expires=self.books.now() + 60)
        self.sign_in(trade)
        if trade["state"] != "WAIT_BUYER_PAY" and not late:
            raise Failure("ACQ.TRADE_STATUS_ERROR", STATES[trade["state"]])
        if trade["paid"]:
            raise Failure("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
        now = self.books.now()
        self.books.update("trade", trade, state="TRADE_SUCCESS", paid=now)
        self.books.move("在线支付", trade["trade_id"], trade["number"], trade["amount"])
        if fee := self.fee(trade["amount"]):
            self.books.move("收费", trade["trade_id"], trade["number"], -fee)
        self.notify(trade)
        return trade

    def notify(self, trade, **more):
        """Post the state of a trade as a signed form."""
        if not trade["notify_url"]:
            return
        asked = json.loads(trade["request"])
        charset = asked.get("charset", "utf-8")
        values = {
            "notify_type": "trade_status_sync",
            "notify_id": token(34),
            "app_id": self.keys["app_id"],
            "auth_app_id": self.keys["app_id"],
            "charset": charset,
            "version": "1.0",
            "sign_type": "RSA2",
            "trade_no": trade["trade_id"],
            "out_trade_no": trade["number"],
            "buyer_id": trade["payer"],
            "buyer_logon_id": "153***@example.com",
            "seller_id": self.keys["seller_id"],
            "seller_email": "shop@example.com",
            "trade_status": trade["state"],
            "total_amount": yuan(trade["amount"]),
            "subject": trade["subject"],
            "body": asked["biz_content"].get("body"),
            "passback_params": asked["biz_content"].get("passback_params"),
            "gmt_create": stamp(trade["created"]),
        }
        if trade["paid"]:
            paid = yuan(trade["amount"])
            funds = [{"amount": paid, "fundChannel": "ALIPAYACCOUNT"}]
            values |= {
                "receipt_amount": paid,
                "buyer_pay_amount": paid,
                "invoice_amount": paid,
                "point_amount": "0.00",
                "gmt_payment": stamp(trade["paid"]),
                "fund_bill_list": json.dumps(funds),
            }
        values |= more

        def make(fault):
            word = fault.get("fault")
            now = self.books.now()
            if word == "skewed":
                now -= fault.get("seconds", 301)
            own = {**values, "notify_time": stamp(now)}
            own = {name: str(value) for name, value in own.items() if value}
            key = self.stranger if word in ("forged", "probe") else self.key
            text = content(own, "sign", "sign_type").encode(charset)
            own["sign"] = signing.sign(key, text)
            if word in ("garbled", "unknown_serial"):
                own["total_amount"] = yuan(trade["amount"] + 1)
            body = urllib.parse.urlencode(own, encoding=charset).encode()
            kind = f"application/x-www-form-urlencoded; charset={charset}"
            return {"Content-Type": kind}, body

        self.notifier.add(
            trade["state"],
            trade["number"],
            trade["notify_url"],
            make,
            lambda answer: answer.text.strip() == "success",
        )

    # === REFUNDS === #

    def refund(self, biz, values):
        trade, amount = self.find(biz), fen(biz.get("refund_amount"))
        before = self.books.refunded(trade, "SUCCESS")
        number = biz.get("out_request_no")
        if not number and before + amount < trade["amount"]:
            raise Failure("ACQ.INVALID_PARAMETER", "部分退款必须传入 out_request_no")
        number = number or trade["number"]
        earlier = self.books.one("refund", trade=trade["number"], number=number)
        if earlier and earlier["amount"] != amount:
            raise Failure("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        if not earlier:
            self.make_refund(trade, number, amount, before, biz.get("refund_reason"))
        return {
            "buyer_logon_id": "153***@example.com",
            "buyer_user_id": trade["payer"],
            "fund_change": "N" if earlier else "Y",
            "out_trade_no": trade["number"],
            # All refunds of the trade together, not this one.
            "refund_fee": yuan(self.books.refunded(trade, "SUCCESS")),
            "send_back_fee": "0.00" if earlier else yuan(amount),
            "trade_no": trade["trade_id"],
            "gmt_refund_pay": stamp(self.books.now()),
        }

    def make_refund(self, trade, number, amount, before, reason):
        if not trade["paid"]:
            raise Failure("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
        if before + amount > trade["amount"]:
            raise Failure("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
        if not self.can_pay(amount):
            raise Failure("ACQ.SELLER_BALANCE_NOT_ENOUGH", "商户余额不足")
        now = self.books.now()
        self.books.insert(
            "refund",
            trade=trade["number"],
            number=number,
            refund_id=None,
            amount=amount,
            state="SUCCESS",
            reason=reason,
            notify_url=trade["notify_url"],
            created=now,
            done=now,
        )
        self.books.move("交易退款", trade["trade_id"], trade["number"], -amount)
        if before + amount == trade["amount"]:
            self.books.update("trade", trade, state="TRADE_CLOSED", closed=now)
        told = {"refund_fee": yuan(before + amount), "out_biz_no": number}
        self.notify(trade, gmt_refund=stamp(now), **told)

    def refund_query(self, biz, values):
        trade = self.find(biz)
        number = biz.get("out_request_no") or trade["number"]
        refund = self.books.one("refund", trade=trade["number"], number=number)
        if not refund:
            # Alipay answers 10000 and nothing else when there is no such refund.
            return {}
        return {
            "out_request_no": number,
            "out_trade_no": trade["number"],
            "trade_no": trade["trade_id"],
            "total_amount": yuan(trade["amount"]),
            "refund_amount": yuan(refund["amount"]),
            "refund_status": "REFUND_SUCCESS",
            "gmt_refund_pay": stamp(refund["done"]),
        }

    # === TRANSFERS === #

    def transfer(self, biz, values):
        if "app_cert_sn" not in values:
            raise Failure("isv.missing-app-cert-sn", "转账须使用证书签名", "40006")
        number, payee = biz.get("out_biz_no"), biz.get("payee_info") or {}
        if not isinstance(number, str) or not NUMBER.fullmatch(number):
            raise Failure("INVALID_PARAMETER", "out_biz_no 无效")
        fixed = (biz.get("product_code"), biz.get("biz_scene"))
        if fixed != ("TRANS_ACCOUNT_NO_PWD", "DIRECT_TRANSFER"):
            raise Failure("INVALID_PARAMETER", "product_code 或 biz_scene 无效")
        kinds = ("ALIPAY_USER_ID", "ALIPAY_LOGON_ID", "ALIPAY_OPEN_ID")
        if payee.get("identity_type") not in kinds or not payee.get("identity"):
            raise Failure("INVALID_PARAMETER", "payee_info 无效")
        if payee["identity_type"] == "ALIPAY_LOGON_ID" and not payee.get("name"):
            raise Failure("INVALID_PARAMETER", "收款方姓名不能为空")
        amount = fen(biz.get("trans_amount"))
        if amount < 10:
            raise Failure("EXCEED_LIMIT_SM_MIN_AMOUNT", "单笔最低转账金额0.1元")
        asked = json.dumps([number, amount, payee], sort_keys=True)
        bill = self.books.one("transfer", number=number)
        if bill and bill["request"] != asked:
            raise Failure("PAYMENT_INFO_INCONSISTENCY", "两次请求参数不一致")
        if not bill:
            bill = self.make_transfer(number, amount, payee, asked, biz)
        return {
            "out_biz_no": number,
            "order_id": bill["transfer_id"],
            "pay_fund_order_id": bill["transfer_id"],
            "status": bill["state"],
            "trans_date": stamp(bill["created"]),
        }

    def make_transfer(self, number, amount, payee, asked, biz):
        if payee["identity"].startswith("nobody"):
            raise Failure("PAYEE_NOT_EXIST", "收款账号不存在")
        if self.options["transfer_state"] == "FAIL":
            raise Failure("PAYEE_ACC_OCUPIED", "收款账户无法收款")
        if not self.can_pay(amount):
            raise Failure("PAYER_BALANCE_NOT_ENOUGH", "余额不足")
        now, count = self.books.now(), len(self.books.all("transfer"))
        bill = self.books.insert(
            "transfer",
            number=number,
            transfer_id=f"{stamp(now)[:10].replace('-', '')}1100750{count:012}",
            state=self.options["transfer_state"],
            amount=amount,
            payee=payee["identity"],
            name=payee.get("name"),
            reason=None,
            notify_url=None,
            package=None,
            remark=biz.get("remark") or biz.get("order_title"),
            created=now,
            updated=now,
            request=asked,
        )
        self.books.move("转账", bill["transfer_id"], number, -amount)
        return bill

    def transfer_query(self, biz, values):
        if biz.get("order_id"):
            bill = self.books.one("transfer", transfer_id=biz["order_id"])
        else:
            bill = self.books.one("transfer", number=biz.get("out_biz_no"))
        if not bill:
            raise Failure("ORDER_NOT_EXIST", "转账订单不存在")
        result = {
            "out_biz_no": bill["number"],
            "order_id": bill["transfer_id"],
            "pay_fund_order_id": bill["transfer_id"],
            "trans_amount": yuan(bill["amount"]),
            "status": bill["state"],
            "pay_date": stamp(bill["updated"]),
        }
        if bill["reason"]:
            result |= {"error_code": bill["reason"], "fail_reason": bill["reason"]}
        return result

    def decide(self, number, state, reason=None):
        """End a transfer that Alipay still deals with: SUCCESS, FAIL or REFUND."""
        bill = self.books.one("transfer", number=number)
        if not bill or bill["state"] != "DEALING" and state != "REFUND":
            raise Failure("ORDER_NOT_EXIST", "转账订单不存在")
        now = self.books.now()
        self.books.update("transfer", bill, state=state, reason=reason, updated=now)
        if state != "SUCCESS":
            self.books.move("转账退回", bill["transfer_id"], number, bill["amount"])

    # === CERTIFICATE AND BILLS === #

    def certificate(self, biz, values):
        pem = self.keys["alipay_certificate"]
        if biz.get("alipay_cert_sn") != signing.certificate_sn(pem):
            raise Failure("CERT_NOT_EXIST", "证书不存在")
        return {"alipay_cert_content": base64.b64encode(pem.encode()).decode()}

    def bill(self, biz, values):
        day, kind = biz.get("bill_date") or "", biz.get("bill_type")
        if kind not in ("trade", "signcustomer"):
            raise Failure("isv.invalid-arguments", "bill_type 无效", "40002")
        try:
            datetime.date.fromisoformat(day)
        except ValueError:
            raise Failure("isv.invalid-arguments", "日期格式错误", "40002") from None
        today = bills.day_of(self.books.now())
        rows = [row for row in self.books.all("flow") if bills.day_of(row["at"]) == day]
        if not rows or day >= today and not self.options["open_bills"]:
            raise Failure("isp.bill_not_exist", "账单不存在")
        query = urllib.parse.urlencode({"day": day, "kind": kind})
        return {"bill_download_url": f"{self.url}/billdownload?{query}"}

    def download(self, form):
        make = bills.alipay_trade if form["kind"] == "trade" else bills.alipay_flow
        result, _fault = self.call(
            "download", form["day"], lambda: make(self, form["day"])
        )
        if isinstance(result, bytes):
            return Answer(result, 200, {"Content-Type": "application/zip"})
        return result if isinstance(result, Answer) else Answer(b"", 500)

    # === PEOPLE === #

    def person(self, request):
        """The payer: the cashier in the browser, and the app on the phone."""
        form = {
            name.decode(): value.decode(errors="replace")
            for name, value in request.form.items()
        }
        try:
            trade = self.books.one("trade", number=form.get("number"))
            if request.path == "/billdownload":
                return self.download(form)
            if request.path == "/sign_in" and request.method == "POST":
                with self.books.writing():
                    self.sign_in(trade)
                return self.cashier(trade, form.get("back"))
            if request.path == "/pay" and request.method == "POST":
                with self.books.writing():
                    self.pay(trade)
                return redirect(self.return_url(trade) or form.get("back") or "/")
            if request.path == "/scan":
                trade = self.books.one("trade", code=form.get("code", "").strip())
                if not trade:
                    raise Failure("NOT_FOUND", "二维码无效")
                return self.cashier(trade, "/")
            if request.path == "/":
                return self.phone()
        except (Refusal, ValueError) as error:
            return page("支付宝", f"<p>{html.escape(str(error))}</p>", 400)
        return page("支付宝", "<p>404</p>", 404)

    def cashier(self, trade, back):
        number, back = trade["number"], back or "/"
        if back != "/":
            self.check_url(back)
        words = f"付款 ¥{yuan(trade['amount'])}"
        acts = button("/pay", words, number=number, back=back)
        if trade["state"] == "OPEN":
            acts += " " + button("/sign_in", "登录", number=number, back=back)
        acts += f" <a href='{html.escape(back, quote=True)}'>返回商家</a>"
        return page("支付宝收银台", f"<p>{html.escape(trade['subject'])}</p>{acts}")

    def return_url(self, trade):
        """:return: where the browser goes after paying, with signed parameters"""
        if not trade["return_url"] or trade["product"] not in PAGES.values():
            return None
        asked = json.loads(trade["request"])
        values = {
            "charset": asked.get("charset", "utf-8"),
            "out_trade_no": trade["number"],
            "method": f"{asked['method']}.return",
            "total_amount": yuan(trade["amount"]),
            "trade_no": trade["trade_id"],
            "auth_app_id": self.keys["app_id"],
            "version": "1.0",
            "app_id": self.keys["app_id"],
            "sign_type": "RSA2",
            "seller_id": self.keys["seller_id"],
            "timestamp": stamp(self.books.now()),
        }
        values["sign"] = signing.sign(self.key, content(values, "sign", "sign_type"))
        joint = "&" if "?" in trade["return_url"] else "?"
        return f"{trade['return_url']}{joint}{urllib.parse.urlencode(values)}"

    def phone(self):
        rows = []
        for trade in self.books.all("trade", order="created DESC")[:50]:
            act = STATES[trade["state"]]
            open_ = trade["state"] in ("OPEN", "WAIT_BUYER_PAY")
            if open_ and trade["expires"] > self.books.now():
                act = button("/pay", "付款", number=trade["number"])
            subject = html.escape(trade["subject"])
            rows.append((subject, trade["number"], yuan(trade["amount"]), act))
        for bill in self.books.all("transfer", order="created DESC")[:50]:
            amount = f"+{yuan(bill['amount'])}"
            payee = html.escape(bill["payee"])
            rows.append((payee, bill["number"], amount, bill["state"]))
        table = "".join(
            "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>"
            for row in rows
        )
        scan = (
            "<form action='/scan'><input name='code' size='40' "
            "placeholder='https://qr.alipay.com/…'> <button>扫一扫</button></form>"
        )
        return page("支付宝（模拟）", f"{scan}<table>{table}</table>")

    # === CONTROL === #

    def control_decide(self, number, state, reason=None):
        """End a transfer that is being dealt with."""
        with self.books.writing():
            self.decide(number, state, reason)

    def control_notify(self, number, times=1):
        """Tell the merchant about a trade again."""
        trade = self.books.one("trade", number=number)
        for _time in range(times):
            self.notify(trade)

    def control_sign_in(self, number):
        """Let the payer sign in without paying."""
        with self.books.writing():
            self.sign_in(self.books.one("trade", number=number))


if __name__ == "__main__":
    run(Alipay)
