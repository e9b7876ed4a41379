"""The daily files of both providers, as merchants download them."""

import csv
import datetime
import io
import zipfile

from sim.server import SHANGHAI, yuan

WECHAT_TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
    "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
    "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
    "费率备注"
)
WECHAT_TRADE_SUM = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
    "申请退款总金额"
)
WECHAT_FLOW = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),"
    "账户结余(元),资金变更提交申请人,备注,业务凭证号"
)
WECHAT_FLOW_SUM = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
ALIPAY_TRADE = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,"
    "终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,"
    "支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,"
    "卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注"
)
ALIPAY_FLOW = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,"
    "支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注"
)


def local(seconds):
    return datetime.datetime.fromtimestamp(seconds, SHANGHAI)


def text_time(seconds):
    return f"{local(seconds):%Y-%m-%d %H:%M:%S}"


def day_of(seconds):
    return local(seconds).date().isoformat() if seconds else None


def wechat_trade(simulator, day, kind="ALL"):
    """:return: the trade bill of a day: payments by when they were made, refunds by
    when they were accepted; the state is that of the moment"""
    keys, rate = simulator.keys, simulator.options["fee_rate"]
    rows, paid, given, fees = [], 0, 0, 0
    trades = {trade["number"]: trade for trade in simulator.books.all("trade")}
    events = [
        (trade["paid"], trade, None)
        for trade in trades.values()
        if day_of(trade["paid"]) == day and kind in ("ALL", "SUCCESS")
    ] + [
        (refund["created"], trades[refund["trade"]], refund)
        for refund in simulator.books.all("refund")
        if day_of(refund["created"]) == day and kind in ("ALL", "REFUND")
    ]
    for at, trade, refund in sorted(events, key=lambda event: event[0]):
        amount = refund["amount"] if refund else trade["amount"]
        fee = simulator.fee(-amount if refund else amount)
        fees += fee
        paid += 0 if refund else amount
        given += amount if refund else 0
        own = "0.00" if refund else yuan(amount)
        back = yuan(amount) if refund else "0.00"
        rows.append(
            [
                text_time(at), keys["appid"], keys["mchid"], "0", "",
                trade["trade_id"], trade["number"], trade["payer"], trade["product"],
                "REFUND" if refund else "SUCCESS", "OTHERS", "CNY", own, "0.00",
                refund["refund_id"] if refund else "0",
                refund["number"] if refund else "0", back, "0.00",
                "ORIGINAL" if refund else "", refund["state"] if refund else "",
                trade["subject"], "", f"{fee / 100:.5f}", f"{rate * 100:.2f}%",
                own, back, "",
            ]
        )  # fmt: skip
    total = [
        len(rows), yuan(paid), yuan(given), "0.00", f"{fees / 100:.5f}",
        yuan(paid), yuan(given),
    ]  # fmt: skip
    return _wechat_file(WECHAT_TRADE, rows, WECHAT_TRADE_SUM, total)


def wechat_flow(simulator, day):
    """:return: the fund flow bill of a day"""
    rows, sums = [], {True: [0, 0], False: [0, 0]}
    for flow in simulator.books.all("flow"):
        if day_of(flow["at"]) != day:
            continue
        income = flow["amount"] > 0
        sums[income][0] += 1
        sums[income][1] += abs(flow["amount"])
        remark = ""
        if flow["kind"] == "退款":
            whole = yuan(flow["fee"] - flow["amount"])
            remark = f"退款总金额{whole}元;含手续费{yuan(flow['fee'])}元"
        rows.append(
            [
                text_time(flow["at"]), flow["number"], f"{flow['id']:020}",
                flow["kind"], flow["kind"], "收入" if income else "支出",
                yuan(abs(flow["amount"])), yuan(flow["balance"]), "system", remark,
                flow["document"],
            ]
        )  # fmt: skip
    (came, income), (went, outgo) = sums[True], sums[False]
    total = [len(rows), came, yuan(income), went, yuan(outgo)]
    return _wechat_file(WECHAT_FLOW, rows, WECHAT_FLOW_SUM, total)


def _wechat_file(head, rows, sum_head, total):
    lines = [head]
    lines += [",".join(f"`{value}" for value in row) for row in rows]
    lines += [sum_head, ",".join(f"`{value}" for value in total)]
    return "\ufeff".encode() + "".join(f"{line}\r\n" for line in lines).encode()


def alipay_trade(simulator, day):
    """:return: the zip of a day's trades, in GBK"""
    trades = {trade["number"]: trade for trade in simulator.books.all("trade")}
    events = [
        (trade["paid"], trade, None)
        for trade in trades.values()
        if day_of(trade["paid"]) == day
    ] + [
        (refund["created"], trades[refund["trade"]], refund)
        for refund in simulator.books.all("refund")
        if day_of(refund["created"]) == day
    ]
    rows, sums = [], {"交易": [0, 0], "退款": [0, 0]}
    for at, trade, refund in sorted(events, key=lambda event: event[0]):
        kind = "退款" if refund else "交易"
        amount = -refund["amount"] if refund else trade["amount"]
        fee = 0 if refund else -simulator.fee(amount)
        sums[kind][0] += 1
        sums[kind][1] += amount
        rows.append(
            [
                f"{trade['trade_id']}\t", f"{trade['number']}\t", kind,
                trade["subject"], text_time(trade["created"]), text_time(at),
                "", "", "", "", f"{trade['payer']}\t", yuan(amount), yuan(amount),
                "0.00", "0.00", "0.00", "0.00", "0.00", "", "0.00", "0.00",
                f"{refund['number']}\t" if refund else "", yuan(fee), "0.00", "",
            ]
        )  # fmt: skip
    tail = [
        f"#{kind}合计：{count}笔，商家实收共{yuan(amount)}元，商家优惠共0.00元"
        for kind, (count, amount) in sums.items()
    ]
    head = ALIPAY_TRADE
    return _alipay_file(simulator, day, "业务明细", head, rows, tail)


def alipay_flow(simulator, day):
    """:return: the zip of a day's movements of money, in GBK"""
    rows, sums = [], {True: [0, 0], False: [0, 0]}
    for flow in simulator.books.all("flow"):
        if day_of(flow["at"]) != day:
            continue
        income = flow["amount"] > 0
        sums[income][0] += 1
        sums[income][1] += abs(flow["amount"])
        amounts = [yuan(flow["amount"]), "0.00"]
        rows.append(
            [
                f"{flow['id']:020}\t", f"{flow['number']}\t", f"{flow['document']}\t",
                "", text_time(flow["at"]), "", *amounts[:: 1 if income else -1],
                yuan(flow["balance"]), "支付宝", flow["kind"], "",
            ]
        )  # fmt: skip
    tail = [
        f"#支出合计：{sums[False][0]}笔，共-{yuan(sums[False][1])}元",
        f"#收入合计：{sums[True][0]}笔，共{yuan(sums[True][1])}元",
    ]
    return _alipay_file(simulator, day, "账务明细", ALIPAY_FLOW, rows, tail)


class _GbkName(zipfile.ZipInfo):
    def _encodeFilenameFlags(self):
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def _alipay_file(simulator, day, title, head, rows, tail):
    date = datetime.date.fromisoformat(day)
    after = date + datetime.timedelta(days=1)
    seller, line = simulator.keys["seller_id"], "-" * 40
    span = f"{date:%Y年%m月%d日} 00:00:00]   终止日期：[{after:%Y年%m月%d日} 00:00:00]"
    text = io.StringIO()
    text.write(f"#支付宝{title}查询\r\n#账号：[{seller}0156]\r\n#起始日期：[{span}\r\n")
    text.write(f"#{line}{title}列表{line}\r\n{head}\r\n")
    csv.writer(text).writerows(rows)
    text.write(f"#{line}{title}列表结束{line}\r\n")
    text.write("".join(f"{words}\r\n" for words in tail))
    text.write(f"#导出时间：[{local(simulator.books.now()):%Y年%m月%d日 %H:%M:%S}]\r\n")
    total = f"#支付宝{title}汇总查询\r\n#账号：[{seller}0156]\r\n" + "".join(
        f"{words}\r\n" for words in tail
    )
    # The names are in GBK, too, and nothing in the file says so.
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (
            (f"{seller}0156_{date:%Y%m%d}_{title}.csv", text.getvalue()),
            (f"{seller}0156_{date:%Y%m%d}_{title}(汇总).csv", total),
        ):
            archive.writestr(_GbkName(name), content.encode("gbk"))
    return file.getvalue()
