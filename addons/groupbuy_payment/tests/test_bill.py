import io
import zipfile
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..protocols.alipay_bill import parse_alipay_fund, parse_alipay_trade
from ..protocols.bill import match
from ..protocols.wechat_bill import parse_wechat_fund, parse_wechat_trade
from . import bill_writer

EXAMPLES = 2_000

# A day: payments, what was refunded of each, and what the provider says otherwise.
DAYS = st.lists(
    st.tuples(
        st.integers(1, 10_000_00),  # fen paid
        st.lists(st.integers(1, 100), max_size=2),  # percent of it refunded
    ),
    max_size=5,
)
MISTAKES = st.lists(
    st.tuples(
        st.integers(0, 14),  # where
        st.sampled_from(["more", "less", "missing", "extra", "twice"]),
    ),
    max_size=3,
    unique_by=lambda mistake: mistake[0],
)
FORMATS = {
    "wechat trade": (bill_writer.write_wechat_trade, parse_wechat_trade),
    "wechat fund": (bill_writer.write_wechat_fund, parse_wechat_fund),
    "alipay trade": (bill_writer.write_alipay_trade, parse_alipay_trade),
    "alipay fund": (bill_writer.write_alipay_fund, parse_alipay_fund),
}


def make_day(day):
    """:return: the movements of a day"""
    movements = []
    for position, (fen, percents) in enumerate(day):
        payment = {
            "kind": "payment",
            "number": f"P{position}",
            "payment": f"P{position}",
            "theirs": f"4200{position}",
            "fen": fen,
            "fee": fen * 6 // 1000,
        }
        movements.append(payment)
        left = fen
        for part, percent in enumerate(percents):
            refunded = min(max(fen * percent // 100, 1), left)
            if refunded:
                left -= refunded
                movements.append(
                    {
                        **payment,
                        "kind": "refund",
                        "number": f"R{position}{part}",
                        "theirs": f"5030{position}{part}",
                        "fen": refunded,
                        "fee": refunded * 6 // 1000,
                    }
                )
    return movements


def make_mistakes(movements, mistakes):
    """:return: (what the provider says, how many differences of each kind)"""
    said, expected = [], Counter()
    chosen = {where: kind for where, kind in mistakes if where < len(movements)}
    for position, own in enumerate(movements):
        kind = chosen.get(position)
        fen = own["fen"]
        if kind == "less" and fen > own["fee"] + 1:
            own = {**own, "fen": fen - 1}
            expected["unequal"] += 1
        elif kind == "more":
            own = {**own, "fen": fen + 1}
            expected["unequal"] += 1
        if kind == "missing":
            expected["ours"] += 1
            continue
        said.append(own)
        if kind == "twice":
            said.append(own)
            expected["theirs"] += 1
        if kind == "extra":
            names = {name: f"X{own[name]}" for name in ("number", "payment", "theirs")}
            said.append({**own, **names})
            expected["theirs"] += 1
    return said, expected


def get_fen(movement):
    return movement["fen"] * (1 if movement["kind"] == "payment" else -1)


@tagged("post_install", "-at_install")
class TestBill(BaseCase):
    """Every bill is read to the fen, and every difference is found, and no other."""

    def assertFound(self, name, movements, mistakes):
        write, parse = FORMATS[name]
        said, expected = make_mistakes(movements, mistakes)
        bill = parse(write(said))
        self.assertFalse(bill.mismatches)
        # WeChat Pay's funds go by its numbers, Alipay's by those of the payments.
        key = {"wechat fund": "theirs", "alipay fund": "payment"}.get(name, "number")
        theirs = [
            (
                (row.kind, row.provider_number if key == "theirs" else row.number),
                row.amount,
            )
            for row in bill.rows
            if row.kind in ("payment", "refund")
        ]
        ours = [((own["kind"], own[key]), get_fen(own)) for own in movements]
        equal, unequal, extra, alone = match(theirs, ours)
        self.assertEqual(len(equal) + len(unequal) + len(extra), len(theirs))
        self.assertEqual(len(equal) + len(unequal) + len(alone), len(ours))
        if key == "payment":
            # Which refund of a payment it is, the bill does not say: two mistakes may
            # look like one. But none looks like no mistake.
            found = bool(unequal or extra or alone)
            self.assertEqual(found, Counter(theirs) != Counter(ours))
        else:
            found = {"unequal": unequal, "theirs": extra, "ours": alone}
            self.assertEqual(Counter({k: len(v) for k, v in found.items()}), expected)
        differences = [theirs[i][1] - ours[j][1] for i, j in unequal]
        differences += [theirs[i][1] for i in extra] + [-ours[j][1] for j in alone]
        wanted = sum(map(get_fen, said)) - sum(map(get_fen, movements))
        self.assertEqual(sum(differences), wanted)

    def test_every_difference_is_found_and_no_other(self):
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(st.sampled_from(sorted(FORMATS)), DAYS, MISTAKES)
        def check(name, day, mistakes):
            self.assertFound(name, make_day(day), mistakes)

        check()

    def test_totals(self):
        movements = make_day([(1001, [50]), (3, [])])
        for name, (write, parse) in FORMATS.items():
            bill = parse(write(movements))
            with self.subTest(name=name):
                sums = Counter()
                for row in bill.rows:
                    sums[row.kind] += row.amount
                self.assertEqual((sums["payment"], sums["refund"]), (1004, -500))
                self.assertEqual(sum(row.fee for row in bill.rows), 6 - 3)

    def test_figures_that_contradict_the_rows(self):
        movements = make_day([(1000, [])])
        for name, (write, parse) in FORMATS.items():
            content = write(movements)
            if name.startswith("wechat"):
                changed = content.replace(b"`10.00\r\n", b"`10.01\r\n").replace(
                    b"`10.00,`0.00\r\n", b"`10.01,`0.00\r\n"
                )
                changed = changed.replace(b"`1,`10.00,`1", b"`1,`10.01,`1")
            else:
                changed = b"".join(
                    line.replace("10.00元".encode("gbk"), "10.01元".encode("gbk"))
                    for line in self._unzip(content).splitlines(True)
                )
            with self.subTest(name=name):
                self.assertTrue(parse(changed).mismatches)
                self.assertFalse(parse(content).mismatches)

    def _unzip(self, content):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read("details.csv")

    def test_what_is_no_bill(self):
        for name, (write, parse) in FORMATS.items():
            content = write(make_day([(1000, [10])]))
            bad = [b"", b"PK\x03\x04", b"nonsense", "你好".encode(), b"{}"]
            if name.startswith("wechat"):
                # Broken off on the way.
                bad += [content[:-40], content.replace(b"`10.00", b"`ten")]
            else:
                end = "结束".encode("gbk")
                bad += [content[:-40], self._unzip(content).partition(end)[0]]
            for own in bad:
                with self.subTest(name=name, own=own[-30:]):
                    self.assertRaises(ValueError, parse, own)

    def test_a_day_without_movements(self):
        for write, parse in FORMATS.values():
            bill = parse(write([]))
            self.assertEqual((bill.rows, bill.mismatches), ([], []))

    def test_other_movements(self):
        content = (
            "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),"
            "账户结余(元),资金变更提交申请人,备注,业务凭证号\n"
            "`2026-01-01 12:00:00,`1,`2,`提现,`提现,`支出,`99.40,`0.00,`system,`,`\n"
            "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\n`1,`0,`0.00,`1,`99.40\n"
        )
        [row] = parse_wechat_fund(content.encode()).rows
        self.assertEqual((row.kind, row.amount), ("other", -9940))
