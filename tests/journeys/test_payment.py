"""Money that comes late, twice, wrong, or for what has been cancelled meanwhile."""

import unittest

import support


class Payment(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = support.site()
        cls.ann, cls.ben, cls.cem, cls.dot = cls.site.residents[:4]

    def setUp(self):
        self.campaign = support.publish(
            self.site, [{"quota": 20, "tiers": {10: 9}}, {"product": "Ginger"}]
        )
        self.leeks, self.ginger = self.campaign["offers"]

    def order(self, order):
        """:return: state, reason, pieces' states, and what was paid and refunded"""
        [row] = self.site.sql(
            """
            SELECT s.state, s.groupbuy_cancel_reason AS reason,
                   s.groupbuy_status AS status,
                   (SELECT string_agg(DISTINCT h.state, ',') FROM groupbuy_hold h
                     WHERE h.key = s.groupbuy_key AND h.partner_id = s.partner_id)
                   AS pieces,
                   (SELECT COALESCE(SUM(amount), 0)::float FROM payment_transaction t
                     WHERE t.groupbuy_order_id = s.id AND t.state = 'done'
                       AND operation <> 'refund') AS paid,
                   (SELECT COALESCE(-SUM(amount), 0)::float FROM payment_transaction t
                     WHERE t.groupbuy_order_id = s.id AND t.state = 'done'
                       AND operation = 'refund') AS refunded,
                   (SELECT COUNT(*) FROM payment_transaction t
                     WHERE t.groupbuy_order_id = s.id AND operation = 'refund')
                   AS refunds
              FROM sale_order s WHERE id = %s""",
            order["order_id"],
        )
        return row

    def assertOrder(self, order, **expected):
        """The order comes to this state, and its books are at rest."""
        support.settle(self.site)
        row = self.order(order)
        self.assertEqual({name: row[name] for name in expected}, expected, row)

    def close(self):
        self.site.operator.call(
            "groupbuy.campaign", "action_close", [self.campaign["id"]]
        )
        self.site.close_campaign(self.campaign["id"])
        support.settle(self.site)
        self.assertEqual(support.broken_invariants(self.site), {})

    def sweep(self, order, state):
        self.site.run_cron("community_groupbuy.campaign_cron")
        support.wait_for(
            f"the order to be {state}", lambda: self.order(order)["state"] == state
        )

    def test_the_worked_example(self):
        """A 15 → 150.00; B 10 → 90.00; closes at 25 → A gets 15.00 back, B 0.00."""
        campaign = support.publish(self.site, [{"tiers": {20: 9, 50: 8}}])
        [offer] = campaign["offers"]
        ann = self.ann.buy(campaign, {offer: 15})
        self.assertEqual(ann["amount"], 150)
        ben = self.ben.buy(campaign, {offer: 10})
        self.assertEqual(ben["amount"], 90)
        self.site.operator.call("groupbuy.campaign", "action_close", [campaign["id"]])
        self.site.close_campaign(campaign["id"])
        self.assertOrder(ann, state="sale", paid=150, refunded=15, refunds=1)
        self.assertOrder(ben, state="sale", paid=90, refunded=0, refunds=0)
        progress = self.ann.get(f"/groupbuy/{campaign['id']}/progress").json()
        self.assertEqual(progress["state"], "succeeded")
        self.assertEqual(progress["offers"][0]["price"], 9)
        self.assertEqual(support.broken_invariants(self.site), {})

    def test_late_money_takes_what_is_left_or_comes_back_once(self):
        lucky = self.ann.join(self.campaign, {self.leeks: 5})
        lucky_payment = self.ann.start_payment(lucky)
        unlucky = self.ben.join(self.campaign, {self.leeks: 15})
        unlucky_payment = self.ben.start_payment(unlucky)
        for order in (lucky, unlucky):
            support.run_out(self.site, order)
        self.sweep(unlucky, "cancel")
        self.assertEqual(self.order(lucky)["pieces"], "expired")
        with self.assertRaises(support.Refused):
            self.cem.rpc(f"/groupbuy/{self.campaign['id']}/join",
                         lines=[{"offer_id": self.leeks, "quantity": 21}],
                         pickup_point_id=self.campaign["point"], key="x")  # fmt: skip
        self.ann.finish_payment(lucky_payment)
        self.assertOrder(lucky, state="sent", pieces="paid", paid=50, refunds=0)
        self.cem.buy(self.campaign, {self.leeks: 1})
        self.ben.finish_payment(unlucky_payment)
        self.ben.rpc("/payment/status/poll")
        self.ben.bank_answers(unlucky_payment)
        self.assertOrder(
            unlucky, state="cancel", reason="late", status="refunded",
            paid=135, refunded=135, refunds=1,
        )  # fmt: skip
        self.close()

    def test_money_that_nobody_comes_back_from(self):
        """The bank has the money, the resident closed the browser: the sweep finds it,
        also after the time to pay."""
        order = self.ann.join(self.campaign, {self.leeks: 5})
        self.ann.bank_answers(self.ann.start_payment(order))
        support.run_out(self.site, order)
        self.sweep(order, "sent")
        self.assertEqual(self.order(order)["pieces"], "paid")
        self.close()
        self.assertOrder(order, state="sale", paid=50, refunded=0)

    def test_paid_twice_is_refunded_once(self):
        order = self.ann.join(self.campaign, {self.leeks: 5})
        window = self.ann.windows(1)[0]
        payments = [self.ann.start_payment(order), window.start_payment(order)]
        results = support.at_once(
            [
                lambda: self.ann.finish_payment(payments[0]),
                lambda: window.finish_payment(payments[1]),
            ]
        )
        self.assertFalse([r for r in results if isinstance(r, Exception)], results)
        self.assertOrder(order, state="sent", paid=100, refunded=50, refunds=1)
        self.close()
        self.assertOrder(order, state="sale", paid=100, refunded=50)

    def test_wrong_amounts_are_not_accepted(self):
        order = self.ann.join(self.campaign, {self.leeks: 5})
        for amount in (1, 49.99, 50.01, -50, 0.001):
            with self.subTest(amount=amount), self.assertRaises(support.Refused):
                self.ann.start_payment({**order, "amount": amount})
        with self.assertRaises(support.Refused):
            self.ben.start_payment({**order, "access_token": "guess"})
        # A provider that reports another amount than was asked for.
        reference = self.ann.start_payment(order)
        self.site.sql(
            "UPDATE payment_transaction SET amount = 1 WHERE reference = %s", reference
        )
        self.ann.finish_payment(reference)
        self.assertOrder(order, state="draft", paid=1, refunded=1, refunds=1)
        self.ann.pay(order)
        self.assertOrder(order, state="sent", paid=51, refunded=1, pieces="paid")
        self.close()

    def test_campaign_cancelled_while_somebody_is_paying(self):
        paid = self.ben.buy(self.campaign, {self.leeks: 5, self.ginger: 1})
        order = self.ann.join(self.campaign, {self.leeks: 5})
        payment = self.ann.start_payment(order)
        cancel = "action_cancel"
        self.site.operator.call("groupbuy.campaign", cancel, [self.campaign["id"]])
        with self.assertRaises(support.Refused):
            self.cem.join(self.campaign, {self.leeks: 1})
        self.ann.finish_payment(payment)
        # 10 pieces together: the second join was shown 9.00 each.
        for own, amount in ((order, 45), (paid, 60)):
            self.assertOrder(
                own, state="cancel", status="refunded", pieces="cancelled",
                paid=amount, refunded=amount, refunds=1,
            )  # fmt: skip
        self.assertEqual(support.broken_invariants(self.site), {})

    def test_cancelled_by_the_resident_then_paid(self):
        order = self.ann.join(self.campaign, {self.leeks: 5})
        payment = self.ann.start_payment(order)
        self.ann.cancel(order["order_id"])
        self.ann.finish_payment(payment)
        self.assertOrder(order, state="cancel", reason="resident", paid=50, refunded=50)

    def test_paying_and_cancelling_at_once_ends_one_way(self):
        for turn in range(4):
            order = self.ann.join(self.campaign, {self.leeks: 1})
            payment = self.ann.start_payment(order)
            window = self.ann.windows(1)[0]
            results = support.at_once(
                [
                    lambda payment=payment: self.ann.finish_payment(payment),
                    lambda order=order, window=window: window.cancel(order["order_id"]),
                ]
            )
            errors = [
                result
                for result in results
                if isinstance(result, Exception)
                and not isinstance(result, support.Refused)
            ]
            with self.subTest(turn=turn):
                self.assertFalse(errors)
                support.settle(self.site)
                row = self.order(order)
                money = row["paid"] - row["refunded"]
                self.assertIn(
                    (row["state"], row["pieces"], money),
                    {("sent", "paid", 10), ("cancel", "cancelled", 0)},
                )
        self.close()

    def test_failed_attempts_do_no_harm(self):
        order = self.ann.join(self.campaign, {self.leeks: 5})
        for state in ("error", "cancel", "pending"):
            self.ann.finish_payment(self.ann.start_payment(order), state)
            self.assertEqual(self.order(order)["state"], "draft", state)
        self.ann.pay(order)
        self.assertOrder(order, state="sent", paid=50, refunded=0)
        self.close()
