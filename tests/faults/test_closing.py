"""A closing that is killed again and again ends as one that nobody disturbs."""

import os
import random
import time
import unittest

import psycopg2
import support
from kills import KINDS

END_STATE = {
    "campaign": """
        SELECT state, outcome, extended FROM groupbuy_campaign ORDER BY id""",
    "offers": """
        SELECT id, outcome, final_price, final_quantity
          FROM groupbuy_offer ORDER BY id""",
    "holds": """
        SELECT id, state, quantity, price FROM groupbuy_hold ORDER BY id""",
    "orders": """
        SELECT name, state, groupbuy_status, groupbuy_cancel_reason, amount_total,
               groupbuy_points_taken, invoice_status
          FROM sale_order ORDER BY name""",
    "lines": """
        SELECT l.id, l.product_uom_qty, l.price_unit, l.price_total, l.qty_invoiced
          FROM sale_order_line l ORDER BY l.id""",
    "invoices": """
        SELECT DISTINCT s.name, m.move_type, m.state, m.payment_state, m.amount_total,
               m.amount_residual, m.id IS NOT NULL AS found
          FROM sale_order s JOIN sale_order_line l ON l.order_id = s.id
          JOIN sale_order_line_invoice_rel r ON r.order_line_id = l.id
          JOIN account_move_line ml ON ml.id = r.invoice_line_id
          JOIN account_move m ON m.id = ml.move_id
      ORDER BY s.name""",
    "documents": """
        SELECT move_type, state, COUNT(*), SUM(amount_total) AS amount
          FROM account_move GROUP BY move_type, state ORDER BY move_type, state""",
    "payments": """
        SELECT t.reference, t.operation, t.state, t.amount, COUNT(p.id) AS booked
          FROM payment_transaction t
     LEFT JOIN account_payment p ON p.payment_transaction_id = t.id
      GROUP BY t.id ORDER BY t.reference""",
    "ledger": """
        SELECT ml.account_id, ml.parent_state, COUNT(*), SUM(ml.balance) AS balance,
               SUM(ml.amount_residual) AS residual
          FROM account_move_line ml GROUP BY ml.account_id, ml.parent_state
      ORDER BY ml.account_id, ml.parent_state""",
    "stock": """
        SELECT s.name, m.product_id, m.product_uom_qty, m.state, m.location_id,
               m.location_dest_id
          FROM stock_move m LEFT JOIN sale_order_line l ON l.id = m.sale_line_id
     LEFT JOIN sale_order s ON s.id = l.order_id
      ORDER BY s.name, m.product_id, m.location_id, m.product_uom_qty""",
    "activities": "SELECT res_model, summary FROM mail_activity ORDER BY res_id",
}

PROCESSED = """
    SELECT COUNT(*) FROM sale_order
     WHERE groupbuy_campaign_id = %(campaign)s
       AND (state = 'sale' OR groupbuy_cancel_reason = 'failed')"""
RUNNING = f"""
    SELECT 1 FROM queue_job WHERE state = 'started' AND method_name IN
           ('_close_orders', '_groupbuy_send') AND ({PROCESSED}) >= %(processed)s"""
CLOSED = """
    SELECT 1 FROM groupbuy_campaign WHERE state IN ('succeeded', 'failed')"""


class ClosingKilled(unittest.TestCase):
    def setUp(self):
        self.count, self.kills = (500, 10) if support.options.full else (120, 3)
        cluster = support.PrivateCluster()
        name = f"{os.environ['DB']}_closing"
        self.prepared = cluster.receive(support.base(), name)
        self.data = self.prepared.inside("create_closing", count=self.count)
        support.say(f"  {self.data['orders']} of {self.count} orders wait")

    def close(self, site, kills=()):
        """Close the campaign; each of `kills` comes some seconds into a running job,
        once so many orders have been processed for good.

        :return: the seconds that it took
        """
        site.start()
        begun = time.monotonic()
        for processed, seconds, kind in kills:
            self.wait(site, "a job to run", RUNNING, processed=processed)
            time.sleep(seconds)
            done = self.processed(site)
            support.say(f"  {done} orders processed, {seconds:.1f} s: kill -9 {kind}")
            KINDS[kind](site)
        self.wait(site, "the campaign to be closed", CLOSED)
        support.settle(site)
        return time.monotonic() - begun

    def processed(self, site):
        return site.sql(PROCESSED, campaign=self.data["campaign"])[0]["count"]

    def wait(self, site, what, query, **values):
        """Wait for rows; meanwhile the cron comes every 5 seconds, not every minute."""
        cron = {"next": 0}

        def found():
            try:
                if time.monotonic() > cron["next"]:
                    cron["next"] = time.monotonic() + 5
                    site.run_cron("community_groupbuy.campaign_cron")
                return site.sql(
                    query + " UNION ALL " + CLOSED,
                    campaign=self.data["campaign"],
                    **values,
                )
            except psycopg2.OperationalError:
                return False

        support.wait_for(what, found, 900 if support.options.full else 180, 0.1)

    def end_state(self, site):
        return {name: site.sql(query) for name, query in END_STATE.items()}

    def test_same_end_state_as_undisturbed(self):
        undisturbed = self.prepared.copy(f"{self.prepared.name}_calm")
        seconds = self.close(undisturbed)
        undisturbed.stop()
        expected = self.end_state(undisturbed)
        self.assertEqual(support.broken_invariants(undisturbed), {})
        support.say(f"  undisturbed: {seconds:.0f} s")
        undisturbed.disconnect()

        seed = int(os.environ.get("SEED") or time.time())
        rng = random.Random(seed)
        support.say(f"  SEED={seed}")
        kinds = [*KINDS] * self.kills
        # The first comes at once, the others anywhere, also between two chunks.
        points = [0, *sorted(rng.choices(range(self.count - 20), k=self.kills - 1))]
        kills = [
            (point, rng.uniform(0, 5), kind)
            for point, kind in zip(points, kinds, strict=False)
        ]
        disturbed = self.prepared.copy(f"{self.prepared.name}_killed")
        took = self.close(disturbed, kills)
        support.say(f"  killed {self.kills} times: {took:.0f} s")
        state = self.end_state(disturbed)
        for name, rows in expected.items():
            with self.subTest(part=name):
                self.assertEqual(state[name], rows)
        self.assertEqual(support.broken_invariants(disturbed), {})
