"""Bills as the providers write them, from a list of movements.

A movement has `kind` (payment, refund or, of funds, transfer), `number`, `payment` (the
payment's number), `theirs` (the provider's number), `fen` (positive) and `fee` (fen,
positive: what a payment costs, or what comes back with a refund). A transfer's `fen`
are above 0 where it comes back.
"""

import io
import zipfile

WECHAT_TRADE = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
    "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
    "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
).split(",")
WECHAT_FUND = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),"
    "账户结余(元),资金变更提交申请人,备注,业务凭证号"
).split(",")
ALIPAY_TRADE = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,"
    "终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,"
    "商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,"
    "退款批次号/请求号,服务费（元）,分润（元）,备注"
).split(",")
ALIPAY_FUND = (
    "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,"
    "账户余额（元）,交易渠道,业务类型,备注"
).split(",")
TIME = "2026-01-01 12:00:00"


def yuan(fen):
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _sum(movements, kind, name="fen"):
    return sum(own[name] for own in movements if own["kind"] == kind)


def _write_wechat(columns, rows, totals):
    lines = [",".join(columns)]
    lines += [",".join(f"`{row.get(name, '')}" for name in columns) for row in rows]
    lines += [",".join(totals), ",".join(f"`{value}" for value in totals.values())]
    return ("\ufeff" + "\r\n".join(lines) + "\r\n").encode()


def write_wechat_trade(movements):
    rows = []
    for own in movements:
        refund = own["kind"] == "refund"
        rows.append(
            {
                "交易时间": TIME,
                "微信订单号": "T" if refund else own["theirs"],
                "商户订单号": own["payment"],
                "交易状态": "REFUND" if refund else "SUCCESS",
                "货币种类": "CNY",
                "应结订单金额": "0.00" if refund else yuan(own["fen"]),
                "微信退款单号": own["theirs"] if refund else "0",
                "商户退款单号": own["number"] if refund else "0",
                "退款金额": yuan(own["fen"]) if refund else "0.00",
                "退款状态": own.get("state", "SUCCESS") if refund else "",
                "商品名称": "leeks, ginger",
                "手续费": f"{own['fee'] / (-100 if refund else 100):.5f}",
                "订单金额": "0.00" if refund else yuan(own["fen"]),
                "申请退款金额": yuan(own["fen"]) if refund else "0.00",
            }
        )
    fees = _sum(movements, "payment", "fee") - _sum(movements, "refund", "fee")
    return _write_wechat(
        WECHAT_TRADE,
        rows,
        {
            "总交易单数": str(len(rows)),
            "应结订单总金额": yuan(_sum(movements, "payment")),
            "退款总金额": yuan(_sum(movements, "refund")),
            "充值券退款总金额": "0.00",
            "手续费总金额": f"{fees / 100:.5f}",
            "订单总金额": yuan(_sum(movements, "payment")),
            "申请退款总金额": yuan(_sum(movements, "refund")),
        },
    )


def write_wechat_fund(movements):
    rows, sums = [], {"收入": [0, 0], "支出": [0, 0]}

    def add(own, side, fen, word, remark=""):
        if fen:
            sums[side][0] += 1
            sums[side][1] += fen
            rows.append(
                {
                    "记账时间": TIME,
                    "微信支付业务单号": own["theirs"],
                    "业务名称": word[-2:],
                    "业务类型": word,
                    "收支类型": side,
                    "收支金额(元)": yuan(fen),
                    "备注": remark,
                    "业务凭证号": own.get("voucher", ""),
                }
            )

    for own in movements:
        if own["kind"] == "payment":
            add(own, "收入", own["fen"], "交易")
            add(own, "支出", own["fee"], "扣除交易手续费")
        elif own["kind"] == "transfer":
            side, word = ("收入", "退回") if own["fen"] > 0 else ("支出", "")
            add(
                {**own, "voucher": own["number"]},
                side,
                abs(own["fen"]),
                f"商家转账{word}",
            )
        else:
            # The fee that comes back is taken off what goes out.
            remark = f"退款总金额{yuan(own['fen'])}元;含手续费{yuan(own['fee'])}元"
            add(own, "支出", own["fen"] - own["fee"], "退款", remark)
    return _write_wechat(
        WECHAT_FUND,
        rows,
        {
            "资金流水总笔数": str(len(rows)),
            "收入笔数": str(sums["收入"][0]),
            "收入金额": yuan(sums["收入"][1]),
            "支出笔数": str(sums["支出"][0]),
            "支出金额": yuan(sums["支出"][1]),
        },
    )


def _write_alipay(title, columns, rows, tail):
    lines = [
        f"#支付宝{title}查询",
        "#账号：[20880000000000010156]",
        f"#{'-' * 30}{title}列表{'-' * 30}",
        ",".join(columns),
    ]
    lines += [",".join(f"{row.get(name, '')}\t" for name in columns) for row in rows]
    lines += [f"#{'-' * 30}{title}列表结束{'-' * 30}", *tail]
    summary = [f"#支付宝{title}汇总查询", "类型,笔数,金额", "合计,1,0.00"]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, texts in (("sum", summary), ("details", lines)):
            archive.writestr(f"{name}.csv", "\r\n".join(texts).encode("gbk"))
    return file.getvalue()


def write_alipay_trade(movements):
    rows = []
    for own in movements:
        refund = own["kind"] == "refund"
        fen = -own["fen"] if refund else own["fen"]
        rows.append(
            {
                "支付宝交易号": own.get("trade", own["theirs"]),
                "商户订单号": own["payment"],
                "业务类型": "退款" if refund else "交易",
                # Nothing quotes a comma in it.
                "商品名称": "團購, leeks",
                "创建时间": TIME,
                "订单金额（元）": yuan(fen),
                "商家实收（元）": yuan(fen),
                "退款批次号/请求号": own["number"] if refund else "",
                "服务费（元）": yuan(own["fee"] if refund else -own["fee"]),
            }
        )
    tail = []
    for word, kind, sign in (("交易", "payment", 1), ("退款", "refund", -1)):
        count = len([own for own in movements if own["kind"] == kind])
        total = yuan(sign * _sum(movements, kind))
        tail.append(f"#{word}合计：{count}笔，商家实收共{total}元，商家优惠共0.00元")
    return _write_alipay("业务明细", ALIPAY_TRADE, rows, tail)


def write_alipay_fund(movements):
    rows, sums = [], {"收入": [0, 0], "支出": [0, 0]}

    def add(own, fen, word):
        if fen:
            side = "收入" if fen > 0 else "支出"
            sums[side][0] += 1
            sums[side][1] += abs(fen)
            rows.append(
                {
                    "账务流水号": str(len(rows)),
                    "业务流水号": own.get("trade", own["theirs"]),
                    "商户订单号": own["payment"],
                    "发生时间": TIME,
                    "收入金额（+元）": yuan(max(fen, 0)),
                    "支出金额（-元）": yuan(min(fen, 0)),
                    "业务类型": word,
                }
            )

    for own in movements:
        if own["kind"] == "payment":
            add(own, own["fen"], "在线支付")
            add(own, -own["fee"], "收费")
        elif own["kind"] == "transfer":
            add(own, own["fen"], "转账退回" if own["fen"] > 0 else "转账")
        else:
            add(own, -own["fen"], "交易退款")
            add(own, own["fee"], "退费")
    tail = [
        f"#支出合计：{sums['支出'][0]}笔，共{yuan(-sums['支出'][1])}元",
        f"#收入合计：{sums['收入'][0]}笔，共{yuan(sums['收入'][1])}元",
    ]
    return _write_alipay("账务明细", ALIPAY_FUND, rows, tail)
