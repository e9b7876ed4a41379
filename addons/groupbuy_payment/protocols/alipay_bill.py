"""Alipay's daily bills."""

import io
import re
import zipfile
from collections import Counter

from .amounts import parse_amount
from .bill import Bill, Row, normalize, parse_fee

# A day's bill unpacked; what is larger than this is none.
MAX_SIZE = 500 * 2**20


def _unpack(content):
    """:return: the texts of the files in an archive, or of the file itself"""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return [content.decode("gb18030")]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_SIZE:
            raise ValueError("The bill is too large.")
        return [archive.read(member).decode("gb18030") for member in members]


def _read(content, columns):
    """Read the details; the archive holds a summary, too, under other columns.

    :param columns: names that only the details have
    :return: (rows, each a dict by column; the lines of comment)
    """
    try:
        texts = _unpack(content)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise ValueError("The bill cannot be unpacked.") from error
    for text in texts:
        header, rows, comments = None, [], []
        for line in filter(None, (line.strip() for line in text.splitlines())):
            if line.startswith("#"):
                comments.append(line.rstrip(","))
                continue
            values = [value.strip(' \t`"') for value in line.split(",")]
            if header is None:
                header = [normalize(value) for value in values]
                if not columns <= set(header):
                    break
            else:
                rows.append(_read_line(header, values))
        else:
            if header:
                if not any("结束" in comment for comment in comments):
                    raise ValueError("The bill has no end: it is not complete.")
                return rows, "\n".join(comments)
    raise ValueError("There are no details in the bill.")


def _read_line(header, values):
    # Only what people write may have commas in it, and nothing quotes them.
    extra = len(values) - len(header)
    if extra > 0:
        start = header.index("商品名称") if "商品名称" in header else len(header) - 1
        values[start : start + extra + 1] = [
            ",".join(values[start : start + extra + 1])
        ]
    if len(values) != len(header):
        raise ValueError("A row of the bill has another number of values.")
    return dict(zip(header, values, strict=True))


def parse_alipay_trade(content):
    """Read Alipay's 业务明细 (type trade).

    :param bytes content: a zip archive, or the file itself, in GBK
    :rtype: Bill
    :raise ValueError: it is no such bill
    """
    details, comments = _read(
        content, {"支付宝交易号", "业务类型", "退款批次号/请求号"}
    )
    bill = Bill()
    sums, counts = Counter(), Counter()
    try:
        for own in details:
            word = own["业务类型"]
            fee = -parse_fee(own["服务费"])
            amount = parse_amount(own["订单金额"])
            sums[word] += parse_amount(own["商家实收"])
            counts[word] += 1
            if word == "退款":
                number = own["退款批次号/请求号"]
                row = Row("refund", number, own["支付宝交易号"], -abs(amount), fee)
            else:
                kind = "payment" if word == "交易" else "other"
                row = Row(
                    kind,
                    own["商户订单号"],
                    own["支付宝交易号"],
                    amount,
                    fee,
                    label=word,
                )
            bill.rows.append(row)
    except KeyError as error:
        raise ValueError(f"The bill has no {error}.") from error
    for word, count, total in re.findall(
        r"#(交易|退款)合计：(\d+)笔，商家实收(?:退款)?共(-?[\d.]+)元", comments
    ):
        bill.check(f"{word}合计", int(count), counts[word])
        bill.check(f"{word}商家实收", abs(parse_amount(total)), abs(sums[word]))
    return bill


def parse_alipay_fund(content):
    """Read Alipay's 账务明细 (type signcustomer); see :func:`parse_alipay_trade`."""
    details, comments = _read(content, {"账务流水号", "收入金额", "支出金额"})
    bill = Bill()
    sums, counts = Counter(), Counter()
    try:
        for own in details:
            income = parse_amount(own["收入金额"] or "0")
            expense = abs(parse_amount(own["支出金额"] or "0"))
            side = "收入" if income else "支出"
            sums[side] += income or expense
            counts[side] += 1
            word = own["业务类型"]
            amount = income - expense
            kind = _get_kind(word, amount)
            fee = -amount if kind == "fee" else 0
            number = own["商户订单号"]
            bill.rows.append(
                Row(kind, number, own["业务流水号"], amount, fee, label=word)
            )
    except KeyError as error:
        raise ValueError(f"The bill has no {error}.") from error
    for side, count, total in re.findall(
        r"#(收入|支出)合计：(\d+)笔，共(-?[\d.]+)元", comments
    ):
        bill.check(f"{side}笔数", int(count), counts[side])
        bill.check(f"{side}合计", abs(parse_amount(total)), sums[side])
    return bill


def _get_kind(word, amount):
    if word in ("收费", "退费", "服务费"):
        return "fee"
    if "退款" in word and amount < 0:
        return "refund"
    if word in ("在线支付", "交易付款") and amount > 0:
        return "payment"
    return "other"
