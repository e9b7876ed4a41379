"""A nervous thumb, a bad line: the same join sent many times is one join."""

import unittest

import support


class SameKey(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = support.site()

    def test_50_times_at_once_is_one_order(self):
        campaign = support.publish(self.site, [{"quota": 100}])
        offer = campaign["offers"][0]
        client = self.site.residents[0]
        windows = client.windows(50)
        key = self.site.key()
        answers = support.at_once(
            [lambda own=own: own.join(campaign, {offer: 2}, key) for own in windows]
        )
        self.assertEqual([a for a in answers if isinstance(a, Exception)], [])
        self.assertTrue(all(answer == answers[0] for answer in answers), answers)
        count = "SELECT COUNT(*) FROM sale_order WHERE groupbuy_campaign_id = %s"
        self.assertEqual(self.site.sql(count, campaign["id"])[0]["count"], 1)
        taken = "SELECT SUM(quantity)::int FROM groupbuy_hold WHERE campaign_id = %s"
        self.assertEqual(self.site.sql(taken, campaign["id"])[0]["sum"], 2)

        # Another body under the used key is refused, also many times at once.
        answers = support.at_once(
            [lambda own=own: own.join(campaign, {offer: 3}, key) for own in windows]
        )
        self.assertTrue(all(isinstance(a, support.Refused) for a in answers), answers)
        self.assertEqual(self.site.sql(count, campaign["id"])[0]["count"], 1)

        client.pay(client.join(campaign, {offer: 2}, key))
        again = client.join(campaign, {offer: 2}, key)
        self.assertEqual(
            again["order_id"], client.join(campaign, {offer: 2}, key)["order_id"]
        )
        self.assertEqual(self.site.sql(taken, campaign["id"])[0]["sum"], 2)
        self.assertEqual(support.broken_invariants(self.site, money=False), {})

    def test_two_bodies_race_for_one_key(self):
        campaign = support.publish(self.site, [{"quota": 100}])
        offer = campaign["offers"][0]
        client = self.site.residents[1]
        windows = client.windows(20)
        key = self.site.key()
        answers = support.at_once(
            [
                lambda own=own, pieces=1 + number % 2: own.join(
                    campaign, {offer: pieces}, key
                )
                for number, own in enumerate(windows)
            ]
        )
        won = [a for a in answers if not isinstance(a, Exception)]
        lost = [a for a in answers if isinstance(a, support.Refused)]
        self.assertEqual((len(won), len(lost)), (10, 10), answers)
        self.assertTrue(all(answer == won[0] for answer in won))
