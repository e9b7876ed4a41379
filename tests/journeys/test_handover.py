"""Residents at the desk: the same order many times at once, and many desks at once."""

import unittest

import support


class Handover(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = support.site()

    def bring(self, count):
        """Let residents buy 2 pieces each, and bring them to the pickup point.

        :return: (the point's id, the orders' ids)
        """
        campaign = support.publish(self.site, [{}])
        [offer] = campaign["offers"]
        orders = [
            client.buy(campaign, {offer: 2})["order_id"]
            for client in self.site.residents[:count]
        ]
        self.site.operator.call("groupbuy.campaign", "action_close", [campaign["id"]])
        self.site.close_campaign(campaign["id"])
        self.site.inside("bring_to_points", campaign=campaign["id"])
        return campaign["point"], orders

    def row(self, order_id):
        [row] = self.site.sql(
            """
            SELECT groupbuy_status AS status,
                   (SELECT SUM(qty_delivered)::int FROM sale_order_line
                     WHERE order_id = o.id) AS delivered,
                   (SELECT COUNT(*) FROM groupbuy_handover WHERE order_id = o.id)
                   AS handovers,
                   (SELECT SUM(CASE WHEN dest.usage = 'customer' THEN m.quantity
                                    ELSE -m.quantity END)::int
                      FROM stock_move AS m
                      JOIN sale_order_line AS l ON l.id = m.sale_line_id
                      JOIN stock_location AS dest ON dest.id = m.location_dest_id
                     WHERE l.order_id = o.id AND m.state = 'done') AS booked
              FROM sale_order AS o WHERE id = %s""",
            order_id,
        )
        return row

    def stock(self, point_id):
        """:return: the pieces at a point by the books"""
        return self.site.sql(
            "SELECT COALESCE(SUM(quantity), 0)::int AS pieces FROM stock_quant"
            " WHERE location_id = (SELECT location_id FROM groupbuy_pickup_point"
            " WHERE id = %s)",
            point_id,
        )[0]["pieces"]

    def hand_over(self, client, point_id, codes):
        return client.rpc("/groupbuy/handover/do", point_id=point_id, codes=codes)

    def test_20_times_at_once_is_once(self):
        point, [order] = self.bring(1)
        before = self.stock(point)
        [row] = self.site.sql(
            "SELECT groupbuy_pickup_code AS code FROM sale_order WHERE id = %s", order
        )
        # By its code and from the list, on 20 screens.
        results = support.at_once(
            [
                lambda own=own, code=(row["code"], order)[number % 2]: self.hand_over(
                    own, point, [code]
                )
                for number, own in enumerate(self.site.operator.windows(20))
            ]
        )
        errors = [result for result in results if isinstance(result, Exception)]
        self.assertFalse(errors, errors[:1])
        states = [result["state"] for [result] in results]
        self.assertEqual(states.count("done"), 1, states)
        reasons = {result["reason"] for [result] in results} - {False}
        self.assertLessEqual(reasons, {"collected", "busy"})
        self.assertEqual(
            self.row(order),
            {"status": "received", "delivered": 2, "handovers": 1, "booked": 2},
        )
        self.assertEqual(self.stock(point), before - 2)

        # Undone on 10 screens: once as well, and then it can be collected again.
        handover = next(r["handover_id"] for [r] in results if r["state"] == "done")
        results = support.at_once(
            [
                lambda own=own: own.rpc("/groupbuy/handover/undo", handover_id=handover)
                for own in self.site.operator.windows(10)
            ]
        )
        self.assertEqual(results.count(True), 1, results)
        others = [result for result in results if result is not True]
        self.assertTrue(all(isinstance(r, support.Refused) for r in others), others)
        self.assertEqual(
            self.row(order),
            {"status": "ready", "delivered": 0, "handovers": 1, "booked": 0},
        )
        self.assertEqual(self.stock(point), before)
        [result] = self.hand_over(self.site.operator, point, [row["code"]])
        self.assertEqual(result["state"], "done")
        self.assertEqual(self.stock(point), before - 2)

    def test_many_desks_share_one_stock(self):
        point, orders = self.bring(12)
        before = self.stock(point)
        windows = self.site.operator.windows(8)
        # Each desk has three orders in hand, each order lies at two desks.
        baskets = [
            [orders[(2 * number + step) % len(orders)] for step in range(3)]
            for number in range(8)
        ]
        results = support.at_once(
            [
                lambda own=own, basket=basket: self.hand_over(own, point, basket)
                for own, basket in zip(windows, baskets, strict=True)
            ]
        )
        errors = [result for result in results if isinstance(result, Exception)]
        self.assertFalse(errors, errors[:1])
        done = [r["order_id"] for own in results for r in own if r["state"] == "done"]
        self.assertEqual(len(done), len(set(done)), "nothing is given out twice")
        # Who was busy is asked again.
        rest = [order for order in orders if order not in done]
        if rest:
            results = self.hand_over(self.site.operator, point, rest)
            self.assertEqual({r["state"] for r in results}, {"done"}, results)
        for order in orders:
            self.assertEqual(
                self.row(order),
                {"status": "received", "delivered": 2, "handovers": 1, "booked": 2},
            )
        self.assertEqual(self.stock(point), before - 24)
