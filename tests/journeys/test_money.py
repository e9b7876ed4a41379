"""A full day of money, in browsers: paid at WeChat Pay and Alipay, refunded, handed
over, settled and paid out; and the providers' books say what ours say."""

import tempfile
import unittest
from pathlib import Path

import support
from browser import Browser
from project import HERE
from sim.client import Process

PHONE = (
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/120.0 Mobile Safari/537.36"
)
WECHAT = f"{PHONE} MicroMessenger/8.0"
# What WeChat's own browser gives to pages: pays if the signature is the merchant's.
BRIDGE = """
window.WeixinJSBridge = {
  invoke(_name, values, done) {
    fetch("%s/jsbridge", {method: "POST", body: JSON.stringify(values)})
      .then((answer) => answer.json()).then(done);
  },
};"""
FEES = ("扣除交易手续费", "收费")


class Money(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.wechat = Process("wechat", Path(folder.name))
        cls.addClassCleanup(cls.wechat.stop)
        cls.alipay = Process("alipay", Path(folder.name))
        cls.addClassCleanup(cls.alipay.stop)
        site = cls.site = support.base().copy(f"{support.base().name}_money")
        cls.addClassCleanup(site.stop)
        addons = f"{HERE / 'addons'},{HERE / 'tests' / 'addons'}"
        site.options = ["--addons-path", addons]
        site.odoo("-i", "groupbuy_test_shares", "--stop-after-init")
        site.port = support.free_port()
        people = cls.inside(
            "open_shop",
            folder=folder.name,
            wechat=cls.wechat.url,
            alipay=cls.alipay.url,
            url=f"http://127.0.0.1:{site.port}",
        )
        site.start()
        client = support.Client
        cls.ann, cls.ben, cls.cem, cls.dot = (
            client(site, sid) for sid in people["residents"]
        )
        site.operator, cls.second = (client(site, sid) for sid in people["operators"])
        cls.merchant = client(site, people["merchant"])
        cls.leader = client(site, people["leader"])

    @classmethod
    def inside(cls, function, **arguments):
        return cls.site.inside(function, module="inside_money", **arguments)

    def open(self, client, **options):
        """:return: a browser in which somebody is signed in"""
        browser = Browser(**options)
        self.addCleanup(browser.close)
        if client:
            browser.sign_in(client)
        return browser

    def phone_app(self):
        """:return: the payer's phone, which shows what the simulators show"""
        return self.open(None, size=(400, 800))

    # === STEPS === #

    def start(self, browser, client, campaign, quantities, method):
        """Join, and go on to the provider from the shop's payment page."""
        order = client.join(campaign, quantities)
        browser.go(f"{self.site.url}{order['payment_url']}")
        radio = f"input[name=o_payment_radio][data-payment-method-code={method}]"
        browser.wait(f"!!document.querySelector('{radio}')", method)
        browser.js(f"document.querySelector('{radio}').click()")
        browser.click("button[name=o_payment_submit_button]")
        return order

    def scan(self, browser, app):
        """Scan the code on a computer's screen with the phone, and pay."""
        code = browser.scan(".o_groupbuy_pay_code")
        self.assertTrue(code.startswith("weixin://wxpay/"), code)
        app.go(self.wechat.url)
        app.fill("input[name=code]", code)
        app.click("button", "扫一扫")
        app.wait_for_url("/scan")
        app.click("button", "支付")
        app.wait_for_text("支付成功")

    def assertPaid(self, browser, order):
        browser.wait_for_url(f"/my/groupbuy/{order['order_id']}")
        self.assertEqual(browser.errors, [])
        self.assertEqual(self.state_of(order), "sent")

    def state_of(self, order):
        query = "SELECT state FROM sale_order WHERE id = %s"
        return self.site.sql(query, order["order_id"])[0]["state"]

    def close(self, campaign):
        operator = self.site.operator
        operator.call("groupbuy.campaign", "action_close", [campaign["id"]])
        self.site.close_campaign(campaign["id"])
        support.settle(self.site)

    def hand_over(self, campaign, *orders):
        self.site.inside("bring_to_points", campaign=campaign["id"])
        results = self.site.operator.rpc(
            "/groupbuy/handover/do",
            point_id=campaign["point"],
            codes=[order["order_id"] for order in orders],
        )
        self.assertEqual({result["state"] for result in results}, {"done"}, results)

    def settle_shares(self):
        """Settle by hand what is owed, as an operator does in the dialog."""
        self.site.run_cron("groupbuy_payment.split_cron")
        due = "SELECT 1 FROM sale_order WHERE groupbuy_split_due"
        support.wait_for("the shares", lambda: not self.site.sql(due))
        model = "groupbuy.settlement.run"
        operator = self.site.operator
        [run] = operator.call(model, "create", [{}])
        operator.call(model, "action_settle", [run])
        return {
            row["role"]: row["amount"]
            for row in self.site.sql(
                "SELECT role, SUM(amount)::float AS amount FROM groupbuy_settlement"
                " GROUP BY role"
            )
        }

    def request_payout(self, client, kind, number):
        """Add an account and withdraw everything, on a phone.

        :return: the payout's id
        """
        browser = self.open(client, size=(400, 800))
        browser.go(f"{self.site.url}/my/money/accounts")
        browser.js(f"document.querySelector('[name=kind]').value = '{kind}'")
        browser.js(
            "document.querySelector('[name=kind]')"
            ".dispatchEvent(new Event('change', {bubbles: true}))"
        )
        browser.fill("input[name=holder]", "Green Farm")
        browser.fill("input[name=number]", number)
        browser.click("form[action$='/accounts/add'] button[type=submit]")
        browser.wait_for_text(number[-4:] if kind != "alipay" else "•••@")
        browser.go(f"{self.site.url}/my/money/withdraw")
        confirm, request = (
            f"form[action$='/withdraw/{step}'] button[type=submit]"
            for step in ("confirm", "request")
        )
        browser.click(confirm)
        browser.wait_for_url("/withdraw/confirm")
        browser.click(request)
        browser.wait_for_url("/my/money/payouts/")
        self.assertEqual(browser.errors, [])
        return int(browser.url.rpartition("/")[2])

    def payout(self, payout_id):
        query = "SELECT name, state, amount::float FROM groupbuy_payout WHERE id = %s"
        return self.site.sql(query, payout_id)[0]

    def wait_for_payout(self, payout_id, state):
        support.wait_for(
            f"payout {payout_id} to be {state}",
            lambda: self.payout(payout_id)["state"] == state,
            pause=0.3,
        )

    # === TESTS === #

    def test_a_full_day(self):
        campaign = support.publish(
            self.site, [{"tiers": {4: 9.49}}, {"product": "Ginger"}]
        )
        leeks, ginger = campaign["offers"]
        app = self.phone_app()

        # Ann scans the code on her computer.
        screen = self.open(self.ann)
        ann = self.start(screen, self.ann, campaign, {leeks: 3}, "wechat_pay")
        self.scan(screen, app)
        self.assertPaid(screen, ann)

        # Ben pays on Alipay's page.
        screen = self.open(self.ben)
        ben = self.start(screen, self.ben, campaign, {leeks: 3, ginger: 1}, "alipay")
        screen.wait_for_text("支付宝收银台")
        screen.click("button", "付款")
        self.assertPaid(screen, ben)

        # No notification comes of what Cem pays: his page asks for itself.
        self.wechat.faults({"on": "notify", "fault": "drop"})
        screen = self.open(self.cem)
        cem = self.start(screen, self.cem, campaign, {leeks: 1}, "wechat_pay")
        self.scan(screen, app)
        self.assertPaid(screen, cem)

        # It closes: everybody pays the last price, the difference goes back.
        self.close(campaign)
        self.assertEqual(support.broken_invariants(self.site), {})
        wechat, alipay = self.wechat.state(), self.alipay.state()
        self.assertEqual([row["amount"] for row in wechat["refunds"]], [3 * 51])
        self.assertEqual(alipay["refunds"], [], "she was shown 9.49 already")

        # Collected, shared out, settled.
        self.hand_over(campaign, ann, ben, cem)
        settled = self.settle_shares()
        # 7 × 9.49 = 66.43; a tenth of each line to the leader, a twentieth kept; and a
        # tenth of the platform's own ginger for 10.00.
        self.assertEqual(settled, {"merchant": 56.47, "leader": 7.65})

        # The merchant is paid through WeChat, and confirms it there.
        first = self.request_payout(
            self.merchant, "wechat", "oGreenFarm_0123456789abcdef"
        )
        # The leader through Alipay.
        second = self.request_payout(self.leader, "alipay", "leader@example.com")
        self.approve(first, second)
        self.wait_for_payout(first, "awaiting")
        self.wait_for_payout(second, "paid")
        app.go(self.wechat.url)
        app.click("button", "收款")
        self.wait_for_payout(first, "paid")

        # Nothing is open anywhere, and both providers' books are ours.
        support.settle(self.site)
        self.assertEqual(self.inside("check_books"), [])
        self.assertClean()
        self.assertSameBooks()
        self.assertReconciled()

    def test_on_phones(self):
        """In the browser of a phone, and inside WeChat."""
        campaign = support.publish(self.site, [{}])
        [leeks] = campaign["offers"]

        screen = self.open(self.ann, size=(400, 800), user_agent=PHONE)
        order = self.start(screen, self.ann, campaign, {leeks: 1}, "wechat_pay")
        screen.wait_for_text("微信支付")
        screen.click("button", "支付")
        self.assertPaid(screen, order)

        screen = self.open(self.ben, size=(400, 800), user_agent=PHONE)
        order = self.start(screen, self.ben, campaign, {leeks: 1}, "alipay")
        screen.wait_for_text("支付宝收银台")
        screen.click("button", "付款")
        self.assertPaid(screen, order)

        screen = self.open(self.cem, size=(400, 800), user_agent=WECHAT)
        screen.send(
            "Page.addScriptToEvaluateOnNewDocument", source=BRIDGE % self.wechat.url
        )
        order = self.start(screen, self.cem, campaign, {leeks: 1}, "wechat_pay")
        self.assertPaid(screen, order)
        products = {row["product"] for row in self.wechat.state()["trades"]}
        self.assertLessEqual({"MWEB", "JSAPI"}, products)

    def test_money_for_what_was_cancelled_comes_back_once(self):
        campaign = support.publish(self.site, [{}])
        [leeks] = campaign["offers"]
        screen = self.open(self.dot)
        order = self.start(screen, self.dot, campaign, {leeks: 2}, "wechat_pay")
        code = screen.scan(".o_groupbuy_pay_code")
        self.dot.cancel(order["order_id"])
        [trade] = [row for row in self.wechat.state()["trades"] if row["code"] == code]
        # The payment was under way, and WeChat Pay tells it again and again.
        self.wechat.faults({"on": "notify", "fault": "duplicate", "copies": 5})
        self.wechat.control("pay", number=trade["number"], late=True)
        self.wechat.control("notify", number=trade["number"], times=5)

        def refunds():
            return [
                row["amount"]
                for row in self.wechat.state()["refunds"]
                if row["trade"] == trade["number"]
            ]

        # Before the news has come, everything is at rest, too.
        support.wait_for("the refund", refunds)
        support.settle(self.site)
        self.assertEqual(refunds(), [trade["amount"]])
        self.assertEqual(self.state_of(order), "cancel")
        support.settle(self.site)
        self.assertEqual(support.broken_invariants(self.site), {})

    def approve(self, *payouts):
        """One operator checks the accounts, another one approves and sends."""
        rows = self.site.sql(
            "SELECT account_id FROM groupbuy_payout WHERE id IN %s", payouts
        )
        accounts = [row["account_id"] for row in rows]
        self.site.operator.call("groupbuy.payee.account", "action_check", accounts)
        with self.assertRaisesRegex(support.Refused, "second person"):
            self.site.operator.call("groupbuy.payout", "action_approve", [*payouts])
        self.second.call("groupbuy.payout", "action_approve", [*payouts])
        self.second.call("groupbuy.payout", "action_send", [*payouts])

    def assertClean(self):
        """Nobody owes anybody anything on the accounts that are to be empty."""
        rows = self.site.sql(
            """
            SELECT a.name->>'en_US' AS name, SUM(l.balance)::float AS balance
              FROM account_move_line l JOIN account_account a ON a.id = l.account_id
              JOIN res_company c ON c.id = l.company_id
             WHERE l.parent_state = 'posted'
               AND (a.account_type IN ('asset_receivable', 'liability_payable')
                    OR a.id IN (c.groupbuy_merchant_account_id,
                                c.groupbuy_leader_account_id))
          GROUP BY a.id HAVING SUM(l.balance) <> 0"""
        )
        self.assertEqual(rows, [])
        [total] = self.site.sql(
            "SELECT COALESCE(SUM(balance), 0)::float AS sum FROM account_move_line"
            " WHERE parent_state = 'posted'"
        )
        self.assertEqual(total["sum"], 0)

    def assertSameBooks(self):
        """Every movement at the simulators is one of ours, to the fen."""
        for code, sim in (("wechat_pay", self.wechat), ("alipay", self.alipay)):
            state = sim.state()
            theirs = {
                "in": sum(row["amount"] for row in state["trades"] if row["paid"]),
                "back": sum(row["amount"] for row in state["refunds"]),
                "out": sum(
                    row["amount"]
                    for row in state["transfers"]
                    if row["state"] == "SUCCESS"
                ),
            }
            [ours] = self.site.sql(
                """
                SELECT COALESCE(SUM(t.amount) FILTER (
                         WHERE t.operation <> 'refund'), 0) * 100 AS in,
                       COALESCE(-SUM(t.amount) FILTER (
                         WHERE t.operation = 'refund'), 0) * 100 AS back,
                       (SELECT COALESCE(SUM(o.net_amount), 0) * 100
                          FROM groupbuy_payout o
                         WHERE o.provider_id = p.id AND o.state = 'paid') AS out
                  FROM payment_provider p
             LEFT JOIN payment_transaction t
                    ON t.provider_id = p.id AND t.state = 'done'
                 WHERE p.code = %s AND p.state = 'test' GROUP BY p.id""",
                code,
            )
            self.assertEqual({name: int(ours[name]) for name in theirs}, theirs)

    def assertReconciled(self):
        for sim in (self.wechat, self.alipay):
            sim.control("options", skew=86400, open_bills=True)
        try:
            bills = self.inside("reconcile")
        finally:
            for sim in (self.wechat, self.alipay):
                sim.control("options", skew=0)
        self.assertEqual(len(bills), 4, bills)
        for code, kind, state, error, differences in bills:
            self.assertEqual((state, error), ("matched", ""), (code, kind, differences))
