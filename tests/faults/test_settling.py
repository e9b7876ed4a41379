"""Sharing out and settling, killed again and again, end as if nobody had disturbed."""

import os
import random
import time
import unittest

import psycopg2
import support
from kills import KINDS

END_STATE = {
    "shares": """
        SELECT payee_id, role, kind, COUNT(*), SUM(amount) AS amount,
               COUNT(DISTINCT sale_line_id) AS lines, COUNT(move_id) AS accrued,
               COUNT(settlement_id) AS settled,
               md5(string_agg(concat_ws(' ', sale_line_id, amount), ','
                              ORDER BY sale_line_id, amount)) AS all_of_them
          FROM groupbuy_ledger_entry
      GROUP BY payee_id, role, kind ORDER BY payee_id, role, kind""",
    "settlements": """
        SELECT s.payee_id, s.role, s.state, s.amount, s.date_from, s.date_to,
               COUNT(e.id) AS entries, SUM(e.amount) AS entered
          FROM groupbuy_settlement AS s
     LEFT JOIN groupbuy_ledger_entry AS e ON e.settlement_id = s.id
      GROUP BY s.id ORDER BY s.payee_id, s.role""",
    "bills": """
        SELECT m.partner_id, m.state, m.payment_state, m.amount_total, m.name, s.amount
          FROM account_move AS m
     LEFT JOIN groupbuy_settlement AS s ON s.move_id = m.id
         WHERE m.move_type = 'in_invoice' ORDER BY m.partner_id""",
    "books": """
        SELECT account_id, partner_id, parent_state, SUM(balance) AS balance,
               SUM(amount_residual) AS residual
          FROM account_move_line GROUP BY account_id, partner_id, parent_state
      ORDER BY account_id, partner_id, parent_state""",
    "activities": "SELECT res_model, summary FROM mail_activity ORDER BY res_id",
}

# What a cron has done for good, and whether that is everything.
SPLIT = """
    SELECT COUNT(*) FILTER (WHERE NOT groupbuy_split_due) AS done,
           NOT bool_or(groupbuy_split_due) AS all
      FROM sale_order WHERE groupbuy_received_at IS NOT NULL"""
SETTLED = """
    SELECT COUNT(*) AS done,
           (SELECT groupbuy_settled_until FROM res_company LIMIT 1) IS NOT NULL AS all
      FROM groupbuy_settlement"""
STEPS = {"split_cron": SPLIT, "settlement_cron": SETTLED}
PATIENCE = 300


class SettlingKilled(unittest.TestCase):
    def setUp(self):
        # Several chunks of orders and of payees: some are done for good.
        self.orders, self.payees, self.kills = (
            (10_000, 450, 10) if support.options.full else (3000, 150, 2)
        )
        cluster = support.PrivateCluster()
        name = f"{os.environ['DB']}_settling"
        self.prepared = cluster.receive(support.base(), name)
        self.inside(self.prepared, "prepare", orders=self.orders, payees=self.payees)

    def inside(self, site, function, **arguments):
        return site.inside(function, module="inside_settling", **arguments)

    def settle(self, site, kills):
        """Share out and settle everything.

        :param dict kills: of each step the seconds after which it is killed, and how
        :return: {step: the seconds that it took}
        """
        site.start()
        took = {}
        for cron, query in STEPS.items():
            begun = time.monotonic()
            for seconds, kind in kills.get(cron, ()):
                self.wait(site, cron, query, running=True)
                time.sleep(seconds)
                done = site.sql(query)[0]["done"]
                support.say(f"  {cron}, {done} done, {seconds:.1f} s: kill -9 {kind}")
                KINDS[kind](site)
            self.wait(site, cron, query)
            took[cron] = time.monotonic() - begun
        return took

    def is_running(self, site, cron):
        """:return: whether a worker holds the cron's row"""
        return not site.sql(
            "SELECT 1 FROM ir_cron WHERE id = (SELECT res_id FROM ir_model_data"
            " WHERE model = 'ir.cron' AND module = 'groupbuy_payment' AND name = %s)"
            " FOR NO KEY UPDATE SKIP LOCKED",
            cron,
        )

    def wait(self, site, cron, query, running=False):
        """Wait until a step is over, or begun; the cron comes at once if need be."""

        def look():
            try:
                if site.sql(query)[0]["all"]:
                    return True
                if self.is_running(site, cron):
                    return running
                site.run_cron(f"groupbuy_payment.{cron}")
            except psycopg2.OperationalError:
                pass
            return False

        support.wait_for(cron, look, PATIENCE, 0.2)

    def choose_kills(self, took):
        """:param dict took: the seconds that each step takes undisturbed"""
        seed = int(os.environ.get("SEED") or time.time())
        support.say(f"  SEED={seed}")
        rng = random.Random(seed)
        return {
            cron: [
                (rng.uniform(0, seconds * 0.8), rng.choice([*KINDS]))
                for _number in range(self.kills)
            ]
            for cron, seconds in took.items()
        }

    def end_state(self, site):
        return {name: site.sql(query) for name, query in END_STATE.items()}

    def test_same_end_state_as_undisturbed(self):
        undisturbed = self.prepared.copy(f"{self.prepared.name}_calm")
        took = self.settle(undisturbed, {})
        undisturbed.stop()
        expected = self.end_state(undisturbed)
        self.assertEqual(self.inside(undisturbed, "find_broken_rules"), [])
        support.say(f"  undisturbed: {sum(took.values()):.0f} s")
        lines = sum(
            row["count"] for row in expected["shares"] if row["kind"] == "goods"
        )
        self.assertEqual(lines, 2 * self.orders)
        self.assertEqual(len(expected["settlements"]), self.payees)
        undisturbed.disconnect()

        killed = self.prepared.copy(f"{self.prepared.name}_killed")
        took = self.settle(killed, self.choose_kills(took))
        killed.stop()
        support.say(f"  killed {2 * self.kills} times: {sum(took.values()):.0f} s")
        state = self.end_state(killed)
        for name, rows in expected.items():
            with self.subTest(part=name):
                self.assertEqual(state[name], rows)
        self.assertEqual(self.inside(killed, "find_broken_rules"), [])
