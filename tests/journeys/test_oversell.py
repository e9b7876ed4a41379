"""More clients than goods: nothing is sold twice, nothing is left unsold."""

import random
import time
import unittest

import support


class Oversell(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = support.site()

    def campaign(self, **offer):
        """Publish a campaign with one offer, as an operator does over RPC."""
        return support.publish(self.site, [offer])

    def assertNoError(self, results):
        errors = [
            result
            for result in results
            if isinstance(result, Exception) and not isinstance(result, support.Refused)
        ]
        self.assertFalse(errors, f"{len(errors)} errors, the first: {errors[:1]}")

    def assertSound(self):
        self.assertEqual(support.broken_invariants(self.site, money=False), {})

    def taken(self, campaign):
        """:return: {state: pieces} of the campaign's holds"""
        return {
            row["state"]: row["pieces"]
            for row in self.site.sql(
                "SELECT state, SUM(quantity)::int AS pieces FROM groupbuy_hold"
                " WHERE campaign_id = %s GROUP BY state",
                campaign["id"],
            )
        }

    def test_300_clients_want_100_pieces(self):
        for seed in (1, 2, 3)[: 3 if support.options.full else 2]:
            with self.subTest(seed=seed):
                rng = random.Random(seed)
                campaign = self.campaign(quota=100, tiers={20: 9, 50: 8})
                offer = campaign["offers"][0]
                clients = rng.sample(self.site.residents, 300)
                pays = [rng.random() < 0.2 for _client in clients]

                def ask(client, pay, campaign=campaign, offer=offer):
                    if pay:
                        return client.buy(campaign, {offer: 1})
                    return client.join(campaign, {offer: 1})

                start = time.monotonic()
                results = support.at_once(
                    [
                        lambda client=client, pay=pay: ask(client, pay)
                        for client, pay in zip(clients, pays, strict=True)
                    ]
                )
                seconds = time.monotonic() - start
                self.assertNoError(results)
                refused = [r for r in results if isinstance(r, support.Refused)]
                support.say(
                    f"  seed {seed}: {len(results) - len(refused)} joined,"
                    f" {len(refused)} refused in {seconds:.0f} s"
                )
                self.assertEqual(len(refused), 200)
                self.assertEqual(
                    {str(error) for error in refused}, {"Leeks is sold out."}
                )
                taken = self.taken(campaign)
                self.assertEqual(taken.get("held", 0) + taken.get("paid", 0), 100)
                self.assertEqual(set(taken) - {"held", "paid"}, set())
                progress = self.site.residents[0].get(
                    f"/groupbuy/{campaign['id']}/progress"
                )
                [shown] = progress.json()["offers"]
                self.assertEqual(shown["quantity"], taken.get("paid", 0))
                self.assertEqual(shown["remaining"], 0)
                self.assertSound()

    def test_limits_packs_cancels_and_expiries_mixed(self):
        """Residents ask again and again, for 1 to 3 packs, some pay, some cancel, and
        some holds run out meanwhile."""
        for seed in (11, 12, 13)[: 3 if support.options.full else 1]:
            with self.subTest(seed=seed):
                self._mixed(seed)

    def _mixed(self, seed):
        rng = random.Random(seed)
        campaign = self.campaign(
            quota=100, pack_size=2, max_per_order=6, max_per_resident=8
        )
        offer = campaign["offers"][0]
        users = rng.sample(self.site.residents, 60)

        def live(client, seed):
            mine = random.Random(seed)
            errors = []
            for _turn in range(4):
                time.sleep(mine.uniform(0, 0.3))
                try:
                    order = client.join(campaign, {offer: 2 * mine.randint(1, 3)})
                    fate = mine.random()
                    if fate < 0.4:
                        client.pay(order)
                    if fate < 0.1 or fate > 0.9:
                        client.cancel(order["order_id"])
                    elif 0.4 <= fate < 0.6:
                        # This one lets the time run out.
                        support.run_out(self.site, order)
                        if mine.random() < 0.5:
                            self.site.run_cron("community_groupbuy.campaign_cron")
                except support.Refused:
                    pass
                except AssertionError as error:
                    errors.append(error)
            self.site.disconnect()
            return errors

        results = support.at_once(
            [
                lambda client=client, number=number: live(client, seed * 1000 + number)
                for number, client in enumerate(users)
            ]
        )
        errors = [error for own in results for error in own]
        self.assertFalse(errors, f"{len(errors)} errors, the first: {errors[:1]}")
        self.assertSound()
        # Whatever is left now can be bought to the last pack, and no piece more.
        rest = [client for client in self.site.residents if client not in users]
        left = self.left(campaign)
        support.say(f"  seed {seed}: {self.taken(campaign)}, {left} left")
        for client in rest:
            if not left:
                break
            client.join(campaign, {offer: min(left, 6)})
            left -= min(left, 6)
        with self.assertRaisesRegex(support.Refused, "sold out"):
            rest[-1].join(campaign, {offer: 2})
        self.assertEqual(self.left(campaign), 0)
        self.assertSound()

    def left(self, campaign):
        progress = self.site.operator.get(f"/groupbuy/{campaign['id']}/progress")
        return progress.json()["offers"][0]["remaining"]

    def test_last_piece_is_not_sold_to_who_wants_two(self):
        campaign = self.campaign(quota=5)
        offer = campaign["offers"][0]
        residents = self.site.residents
        residents[0].join(campaign, {offer: 4})
        results = support.at_once(
            [
                lambda client=client: client.join(campaign, {offer: 2})
                for client in residents[1:21]
            ]
        )
        self.assertEqual({str(result) for result in results}, {"Leeks: only 1 left."})
        results = support.at_once(
            [
                lambda client=client: client.join(campaign, {offer: 1})
                for client in residents[1:21]
            ]
        )
        self.assertNoError(results)
        won = [result for result in results if not isinstance(result, Exception)]
        self.assertEqual(len(won), 1)
        self.assertSound()

    def test_one_resident_many_windows(self):
        """A limit per resident holds against the resident's own simultaneous joins."""
        campaign = self.campaign(quota=100, max_per_resident=5)
        offer = campaign["offers"][0]
        client = self.site.residents[7]
        clients = client.windows(30)
        results = support.at_once(
            [lambda own=own: own.join(campaign, {offer: 1}) for own in clients]
        )
        self.assertNoError(results)
        won = [result for result in results if not isinstance(result, Exception)]
        self.assertEqual(len(won), 5)
        self.assertSound()
