"""Campaigns that sell from one quota: together they sell all of it and no more."""

import random
import unittest

import support


class SharedQuota(unittest.TestCase):
    def test_150_clients_of_three_campaigns_want_60_pieces(self):
        site = support.site()
        first = support.publish(site, [{"quota": 60, "tiers": {20: 9}}])
        [quota] = first["offers"]
        campaigns = [first] + [
            support.publish(site, [{"quota_offer_id": quota, "tiers": {20: 9}}])
            for _other in range(2)
        ]
        rng = random.Random(7)
        clients = rng.sample(site.residents, 150)

        pays = [rng.random() < 0.2 for _client in clients]

        def ask(index):
            client, campaign = clients[index], campaigns[index % 3]
            [offer] = campaign["offers"]
            if pays[index]:
                return client.buy(campaign, {offer: 1})
            return client.join(campaign, {offer: 1})

        results = support.at_once(
            [lambda index=index: ask(index) for index in range(len(clients))]
        )
        refused = [r for r in results if isinstance(r, support.Refused)]
        errors = [r for r in results if isinstance(r, Exception) and r not in refused]
        self.assertFalse(errors, f"{len(errors)} errors, the first: {errors[:1]}")
        self.assertEqual(len(refused), 90)
        self.assertEqual({str(error) for error in refused}, {"Leeks is sold out."})
        [row] = site.sql(
            "SELECT SUM(quantity)::int AS taken FROM groupbuy_hold"
            " WHERE campaign_id = ANY(%s) AND state IN ('held', 'paid')",
            [campaign["id"] for campaign in campaigns],
        )
        self.assertEqual(row["taken"], 60)
        for campaign in campaigns:
            progress = clients[0].get(f"/groupbuy/{campaign['id']}/progress").json()
            [shown] = progress["offers"]
            self.assertEqual(shown["remaining"], 0)
        self.assertEqual(support.broken_invariants(site, money=False), {})
