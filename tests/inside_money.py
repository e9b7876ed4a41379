"""What journeys with money prepare and do in Odoo's shell, see `inside.py`."""

import random
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal

import inside
import requests
from freezegun import freeze_time
from sim import shop

from odoo import fields
from odoo.fields import Command

PASSWORDS = {"merchant": "Green Farm", "leader": "Leader Li"}


def open_shop(env, folder, wechat, alipay, url):
    """Pay at the simulators; Leeks are a merchant's, and a leader earns on all goods.

    :return: sessions of the people, and the providers' ids
    """
    env["ir.config_parameter"].set_param("web.base.url", url)
    company = env.company
    company.write(
        {
            # What is earned today can be settled and paid out today.
            "groupbuy_claim_days": 0,
            "groupbuy_settlement_minimum": 0,
            "groupbuy_settlement_period": "manual",
            "groupbuy_payout_minimum": 1,
            "groupbuy_payout_wechat": True,
            "groupbuy_payout_alipay": True,
            "groupbuy_payout_approval_limit": 10,
        }
    )
    providers = shop.connect(env, folder, wechat, alipay)
    users = env["res.users"].with_context(no_reset_password=True)
    portal = [Command.set(env.ref("base.group_portal").ids)]
    people = users.create(
        [
            {"name": name, "login": login, "group_ids": portal}
            for login, name in PASSWORDS.items()
        ]
    )
    merchant, leader = people.partner_id
    leader.ref = "JOURNEY-LEADER"
    leeks = env["product.product"].search([("default_code", "=", "JOURNEY-Leeks")])
    leeks.seller_ids = [Command.create({"partner_id": merchant.id})]
    operators = env.ref("base.user_admin") | users.create(
        {
            "name": "Second Operator",
            "login": "second",
            "group_ids": [
                Command.set(
                    [
                        env.ref("base.group_user").id,
                        env.ref("community_groupbuy.group_operator").id,
                    ]
                )
            ],
        }
    )
    residents = inside._residents(env, 4)
    env.cr.commit()
    return {
        "providers": providers,
        "residents": [inside._session(env, user) for user in residents],
        "merchant": inside._session(env, people[0]),
        "leader": inside._session(env, people[1]),
        "operators": [inside._session(env, user) for user in operators],
    }


def check_books(env):
    """:return: the rules of the books that are broken, and what breaks them"""
    results = env["groupbuy.money"].check_books()
    return [rule for rule in results if not rule["ok"]]


def reconcile(env):
    """Fetch and match today's bills as on the next day.

    :return: [[code, kind, state, error, [differences]]]
    """
    now = datetime.now()
    with freeze_time(now + timedelta(days=1), tick=True):
        env["groupbuy.bill"].action_download_missing()
    env.cr.commit()
    return [
        [
            bill.provider_id.code,
            bill.kind,
            bill.state,
            bill.error or "",
            [
                [own.kind, own.reference, own.provider_amount, own.our_amount]
                for own in bill.difference_ids
            ],
        ]
        for bill in env["groupbuy.bill"].search([])
    ]


# === PAYOUTS === #


def owe(env, payees, amount):
    """Let new merchants earn `amount` each, and settle it.

    :return: the accounts that they are paid to, checked, of WeChat and of Alipay
    """
    company = env.company
    company.groupbuy_payout_daily = 0
    company.groupbuy_payout_approval_limit = 10**6
    partners = env["res.partner"].create(
        [{"name": f"Merchant {number}"} for number in range(payees)]
    )
    today = company._get_groupbuy_date()
    entry = {
        "kind": "adjustment",
        "sale_line_id": None,
        "order_id": None,
        "available_on": today,
        "earned_at": fields.Datetime.now(),
    }
    merchants = {**entry, "role": "merchant", "amount": Decimal(amount)}
    platform = {**entry, "role": "platform", "payee_id": company.partner_id.id}
    env["groupbuy.ledger.entry"]._append(
        company,
        [
            *({**merchants, "payee_id": partner.id} for partner in partners),
            # It is the platform that gives it.
            {**platform, "amount": -Decimal(amount) * payees},
        ],
    )
    env["groupbuy.settlement"]._settle(company, today, payees=partners)
    accounts = env["groupbuy.payee.account"].create(
        [
            {
                "partner_id": partner.id,
                "kind": ("wechat", "alipay")[number % 2],
                "holder": partner.name,
                "number": (f"oMerchant_{number:016}", f"merchant{number}@example.com")[
                    number % 2
                ],
            }
            for number, partner in enumerate(partners)
        ]
    )
    accounts.action_check()
    env.cr.commit()
    return accounts


class Payday:
    """Pays everything out while the simulators fail in every way, and workers die."""

    FAULTS = ("timeout_before", "timeout_after", "error_before", "error_after",
              "gateway_before", "gateway_after", "forged", "unknown_serial",
              "garbled")  # fmt: skip

    def __init__(self, env, urls, seed):
        self.env, self.urls = env, urls
        self.rng = random.Random(seed)
        self.killed = 0

    def control(self, url, command, **values):
        answer = requests.post(f"{url}/_control/{command}", json=values, timeout=60)
        return answer.json()

    def faults(self):
        """:return: how many faults have happened"""
        states = [self.control(url, "state") for url in self.urls]
        return sum(sum(state["faults"].values()) for state in states) + self.killed

    def make_trouble(self):
        for url in self.urls:
            faults = [
                {"on": on, "fault": self.FAULTS, "times": None, "chance": chance}
                for on, chance in (("transfer", 0.5), ("transfer_query", 0.3))
            ]
            seed = self.rng.randrange(10**6)
            self.control(url, "faults", faults=faults, seed=seed)

    def request(self, accounts):
        """Withdraw some of what is left, as much as all of it."""
        payouts = self.env["groupbuy.payout"]
        for account in accounts:
            company = account.company_id
            left = account.partner_id._groupbuy_get_money(company)["available"]
            if left:
                amount = round(self.rng.uniform(1, left), 2)
                amount = left if left - amount < 1 else amount
                answer = payouts.request(amount, account.id)
                payouts |= payouts.browse(answer["payout_id"])
        if payouts:
            payouts.action_approve()
            payouts.action_send()
        self.env.cr.commit()

    def transfer(self, payout):
        """Run a transfer's job; now and then it is killed before it has committed."""
        payout._transfer()
        if self.rng.random() < 0.1:
            self.env.cr.rollback()
            self.killed += 1
        else:
            self.env.cr.commit()
        self.env.invalidate_all()

    def decide(self):
        """Payees confirm in WeChat, or let it run out; Alipay deals on."""
        for url, waiting in zip(
            self.urls, ("WAIT_USER_CONFIRM", "DEALING"), strict=True
        ):
            for bill in self.control(url, "state")["transfers"]:
                if bill["state"] == waiting and self.rng.random() < 0.7:
                    state = "SUCCESS" if self.rng.random() < 0.8 else "FAIL"
                    self.control(url, "decide", number=bill["number"], state=state)
            options = ("SUCCESS", "DEALING") if waiting == "DEALING" else (waiting,)
            state = self.rng.choice(options)
            self.control(url, "options", transfer_state=state)

    def check(self, due):
        """:raise AssertionError: somebody could get more than is owed"""
        for url in self.urls:
            live = defaultdict(int)
            for bill in self.control(url, "state")["transfers"]:
                if bill["state"] not in ("FAIL", "CANCELLED", "REFUND"):
                    live[bill["payee"]] += bill["amount"]
            above = {payee: sum_ for payee, sum_ in live.items() if sum_ > due}
            if above:
                raise AssertionError(f"More than {due} fen on its way: {above}")

    def run(self, accounts, due):
        """Go on until everybody has everything.

        :return: how many rounds it took
        """
        live = [("state", "in", ("sent", "awaiting"))]
        self.make_trouble()
        for turn in range(200):
            self.request(accounts)
            for payout in self.env["groupbuy.payout"].search(live):
                self.transfer(payout)
            self.decide()
            self.check(due)
            company = accounts.company_id
            money = [
                account.partner_id._groupbuy_get_money(company) for account in accounts
            ]
            if not any(own["settled"] for own in money):
                return turn + 1
        raise AssertionError(f"Not everybody was paid: {money[:3]}")


def pay_out(env, wechat, alipay, payees, amount, seed):
    """Pay `amount` to each of `payees` merchants in parts, with faults.

    :return: {"rounds", "faults", "paid": [[number, amount in fen]] of our payouts}
    """
    accounts = owe(env, payees, amount)
    payday = Payday(env, (wechat, alipay), seed)
    rounds = payday.run(accounts, amount * 100)
    paid = env["groupbuy.payout"].search([("state", "=", "paid")])
    return {
        "rounds": rounds,
        "faults": payday.faults(),
        "paid": [[payout.name, round(payout.amount * 100)] for payout in paid],
        "all": env["groupbuy.payout"].search([]).mapped("name"),
    }
