"""The providers' daily bills: what they say was paid, refunded and charged.

The parsers next to this file take one as downloaded and give a :class:`Bill`. They find
columns by name: their order is not promised. Amounts are in yuan in the files, and
integers of fen here.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation


@dataclass(frozen=True)
class Row:
    """One movement of money.

    `kind` is payment, refund, fee or other; `number` the merchant's number of it, as
    far as the bill gives one; `amount` in fen, negative if money left the merchant;
    `fee` in fen, what the provider kept of it; `failed` a refund that did not arrive;
    `pending` one that was still under way; `label` the provider's word for it.
    """

    kind: str
    number: str
    provider_number: str
    amount: int
    fee: int = 0
    failed: bool = False
    pending: bool = False
    label: str = ""


@dataclass
class Bill:
    """A day's rows. `mismatches` are figures of the bill that contradict its rows, as
    (name, figure on the bill, figure of the rows), amounts in fen."""

    rows: list = field(default_factory=list)
    mismatches: list = field(default_factory=list)

    def check(self, name, given, counted):
        """Note when a figure of the bill is not what its rows add up to."""
        if given != counted:
            self.mismatches.append((name, given, counted))


def parse_fee(text):
    """Fees may have parts of a fen; they are only added up."""
    try:
        fen = Decimal(text or "0") * 100
        return int(fen.quantize(Decimal(1), ROUND_HALF_UP))
    except InvalidOperation as error:
        raise ValueError(f"{text!r} is no amount.") from error


def normalize(name):
    """:return: a column's name without its unit: 收入金额（+元） is 收入金额"""
    return re.sub(r"[（(][^（()）]*元[)）]$", "", name.strip('`\ufeff \t\r"'))


def match(theirs, ours):
    """Pair what the provider says with what we say.

    Things are the same when they have the same key; of several under one key, those
    of equal amount belong together.

    :param theirs: list of (key, amount in fen)
    :param ours: list of (key, amount in fen)
    :return: (pairs of equal amount, pairs of unequal amount, theirs alone, ours alone),
        all as positions in the two lists; every position is in exactly one of them
    """
    equal, unequal = [], []
    left = list(range(len(theirs)))
    free = set(range(len(ours)))
    for pairs, get_key in ((equal, lambda own: own), (unequal, lambda own: own[0])):
        waiting = defaultdict(list)
        for position in sorted(free, reverse=True):
            waiting[get_key(ours[position])].append(position)
        alone = []
        for position in left:
            if candidates := waiting[get_key(theirs[position])]:
                partner = candidates.pop()
                free.remove(partner)
                pairs.append((position, partner))
            else:
                alone.append(position)
        left = alone
    return equal, unequal, left, sorted(free)
