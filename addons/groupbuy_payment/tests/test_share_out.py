from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, tagged

from ..models.sale_order_line_share import get_differences, share_out

# Explaining a failure would trace each line.
PHASES = [Phase.generate, Phase.shrink]
AMOUNT = st.integers(-(10**12), 10**12)
POSITIVE = st.integers(0, 10**12)
KEY = st.sampled_from(["leader", "platform", "courier"])
CHARGES = st.lists(st.tuples(KEY, AMOUNT), max_size=6)
TARGET = st.dictionaries(st.sampled_from("abcd"), AMOUNT)


def many(examples, *strategies):
    def decorate(method):
        method = given(*strategies)(method)
        return settings(max_examples=examples, deadline=None, phases=PHASES)(method)

    return decorate


@tagged("post_install", "-at_install")
class TestShareOut(BaseCase):
    @many(10_000, AMOUNT, CHARGES)
    def test_shares_add_up_and_never_turn_against_their_line(self, total, charges):
        shares, rest = share_out(total, charges)
        self.assertEqual(sum(shares.values()) + rest, total)
        for amount in (*shares.values(), rest):
            self.assertGreaterEqual(amount * total, 0)
            self.assertLessEqual(abs(amount), abs(total))
        # What is given back mirrors what was paid.
        mirrored, mirrored_rest = share_out(
            -total, [(key, -amount) for key, amount in charges]
        )
        self.assertEqual(mirrored_rest, -rest)
        self.assertEqual(mirrored, {key: -amount for key, amount in shares.items()})
        # Recorded once, nothing is left to record; a refund takes everything back.
        target = {**shares, "owner": rest}
        recorded = get_differences(target, {})
        self.assertEqual(get_differences(target, recorded), {})
        back = get_differences({}, recorded)
        self.assertEqual(back, {key: -amount for key, amount in recorded.items()})

    @many(1000, POSITIVE, st.lists(st.tuples(KEY, POSITIVE), max_size=6))
    def test_charges_that_the_line_can_bear_are_paid_whole(self, total, charges):
        wanted = {}
        for key, amount in charges:
            wanted[key] = wanted.get(key, 0) + amount
        shares, rest = share_out(total, charges)
        everything = sum(wanted.values())
        if everything <= total:
            self.assertEqual(shares, {key: own for key, own in wanted.items() if own})
            self.assertEqual(rest, total - everything)
        else:
            self.assertEqual(rest, 0)

    @many(1000, st.lists(TARGET, min_size=1, max_size=6))
    def test_differences_lead_to_the_target_however_often_it_moves(self, targets):
        recorded = {}
        for target in [*targets, targets[-1]]:
            differences = get_differences(target, recorded)
            for key, amount in differences.items():
                self.assertTrue(amount)
                recorded[key] = recorded.get(key, 0) + amount
            self.assertEqual(
                {key: amount for key, amount in recorded.items() if amount},
                {key: amount for key, amount in target.items() if amount},
            )
        # The last target was reached twice.
        self.assertEqual(differences, {})
