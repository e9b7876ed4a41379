"""WeChat Pay's daily bills."""

import re
from collections import Counter
from decimal import Decimal, InvalidOperation

from .amounts import parse_amount
from .bill import Bill, Row, normalize, parse_fee


def _split(line):
    # Each value begins with a backtick, so commas in values do no harm.
    line = line.strip("\r\n")
    return line[1:].split(",`") if line.startswith("`") else line.split(",")


def _read(content, summary_column):
    """:return: (rows, summary), each row and the summary a dict by column"""
    lines = [line for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    tables, header = [[], []], None
    table = tables[0]
    for line in lines:
        values = [value.strip("` \t") for value in _split(line)]
        if header is None or values[0] == summary_column:
            table = tables[1] if values[0] == summary_column else tables[0]
            header = [normalize(value) for value in values]
            continue
        if len(values) != len(header):
            raise ValueError("A row of the bill has another number of values.")
        table.append(dict(zip(header, values, strict=True)))
    if not tables[1]:
        raise ValueError("The bill has no totals: it is not complete.")
    return tables[0], tables[1][0]


def parse_wechat_trade(content):
    """Read WeChat Pay's 交易账单 (type ALL).

    :param bytes content: UTF-8, not compressed
    :rtype: Bill
    :raise ValueError: it is no such bill
    """
    details, summary = _read(content, "总交易单数")
    bill, sums = Bill(), Counter()
    try:
        for own in details:
            total, refunded = own["订单金额"], own["申请退款金额"]
            fee = parse_fee(own["手续费"])
            sums["订单总金额"] += parse_amount(total or "0")
            sums["申请退款总金额"] += parse_amount(refunded or "0")
            sums["手续费总金额"] += fee
            if own["交易状态"] == "SUCCESS":
                row = Row(
                    "payment",
                    own["商户订单号"],
                    own["微信订单号"],
                    parse_amount(total),
                    fee,
                )
            else:
                row = Row(
                    "refund" if own["交易状态"] == "REFUND" else "other",
                    own["商户退款单号"],
                    own["微信退款单号"],
                    -parse_amount(refunded),
                    fee,
                    failed=own["退款状态"] in ("FAIL", "CHANGE"),
                    pending=own["退款状态"] == "PROCESSING",
                    label=own["交易状态"],
                )
            bill.rows.append(row)
        bill.check("总交易单数", int(Decimal(summary["总交易单数"])), len(details))
        for name in ("订单总金额", "申请退款总金额", "手续费总金额"):
            bill.check(name, parse_fee(summary[name]), sums[name])
    except (KeyError, InvalidOperation) as error:
        raise ValueError(f"The bill has no proper {error}.") from error
    return bill


_REFUND_REMARK = re.compile(r"退款总金额([\d.]+)元;含手续费([\d.]+)元")


def parse_wechat_fund(content):
    """Read WeChat Pay's 资金账单 (account BASIC); see :func:`parse_wechat_trade`."""
    details, summary = _read(content, "资金流水总笔数")
    bill, sums = Bill(), Counter()
    try:
        for own in details:
            side = own["收支类型"]
            amount = parse_amount(own["收支金额"])
            if side not in ("收入", "支出"):
                raise ValueError(f"{side!r} is neither income nor expense.")
            sums[f"{side}笔数"] += 1
            sums[f"{side}金额"] += amount
            bill.rows.append(_read_movement(own, amount if side == "收入" else -amount))
        bill.check(
            "资金流水总笔数", int(Decimal(summary["资金流水总笔数"])), len(details)
        )
        for side in ("收入", "支出"):
            name = f"{side}笔数"
            bill.check(name, int(Decimal(summary[name])), sums[name])
            name = f"{side}金额"
            bill.check(name, parse_amount(summary[name]), sums[name])
    except (KeyError, InvalidOperation) as error:
        raise ValueError(f"The bill has no proper {error}.") from error
    return bill


def _read_movement(own, amount):
    label = f"{own['业务名称']} {own['业务类型']}"
    number, provider_number = own["业务凭证号"], own["微信支付业务单号"]
    if "手续费" in own["业务类型"]:
        return Row("fee", number, provider_number, amount, -amount, label=label)
    if own["业务类型"] == "退款" and amount <= 0:
        fee = 0
        # The fee that comes back is taken off the refund; the remark tells how much.
        if remark := _REFUND_REMARK.search(own["备注"]):
            total, returned = (parse_amount(text) for text in remark.groups())
            if total - returned == -amount:
                amount, fee = -total, -returned
        return Row("refund", number, provider_number, amount, fee, label=label)
    if own["业务类型"] == "交易" and amount >= 0:
        return Row("payment", number, provider_number, amount, label=label)
    return Row("other", number, provider_number, amount, label=label)
