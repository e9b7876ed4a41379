"""Yuan on the wire, integers of fen here."""

from decimal import Decimal, InvalidOperation


def format_amount(fen):
    """Write fen as yuan with two decimals, as Alipay wants it.

    :param int fen: not negative
    """
    return f"{fen // 100}.{fen % 100:02d}"


def parse_amount(text):
    """:return: an amount in yuan as an integer of fen
    :raise ValueError: it is no amount, or has parts of a fen
    """
    try:
        fen = Decimal(str(text).strip()) * 100
        whole = int(fen)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is no amount.") from error
    if whole != fen:
        raise ValueError(f"{text!r} has parts of a fen.")
    return whole
