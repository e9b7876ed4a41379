"""Payouts while the providers fail in every way: each is paid once."""

import os
import tempfile
import time
import unittest
from pathlib import Path

import support
from sim.client import Process


class Payouts(unittest.TestCase):
    def setUp(self):
        # About eight faults for each merchant.
        self.payees, self.faults = (140, 1000) if support.options.full else (8, 30)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.sims = [Process(name, Path(folder.name)) for name in ("wechat", "alipay")]
        for sim in self.sims:
            self.addCleanup(sim.stop)
        self.site = support.base().copy(f"{support.base().name}_payouts")
        wechat, alipay = self.sims
        self.urls = {"wechat": wechat.url, "alipay": alipay.url}
        self.site.inside(
            "open_shop",
            module="inside_money",
            folder=folder.name,
            # Nobody listens there: only what is asked for is known.
            url=f"http://127.0.0.1:{support.free_port()}",
            **self.urls,
        )

    def test_everybody_is_paid_once(self):
        seed = int(os.environ.get("SEED") or time.time())
        support.say(f"  SEED={seed}")
        result = self.site.inside(
            "pay_out",
            module="inside_money",
            payees=self.payees,
            amount=100,
            seed=seed,
            **self.urls,
        )
        support.say(
            f"  {result['faults']} faults, {len(result['all'])} payouts,"
            f" {result['rounds']} rounds"
        )
        self.assertGreaterEqual(result["faults"], self.faults)
        # Σ paid = Σ due, with us and with the providers.
        paid = dict(result["paid"])
        self.assertEqual(sum(paid.values()), self.payees * 100 * 100)
        bills = [bill for sim in self.sims for bill in sim.state()["transfers"]]
        theirs = {
            bill["number"]: bill["amount"]
            for bill in bills
            if bill["state"] == "SUCCESS"
        }
        self.assertEqual(theirs, paid)
        # No number of ours is known twice, and none that is not ours.
        numbers = [bill["number"] for bill in bills]
        self.assertEqual(len(numbers), len(set(numbers)))
        self.assertLessEqual(set(numbers), set(result["all"]))
        self.assertEqual(self.site.inside("check_books", module="inside_money"), [])
