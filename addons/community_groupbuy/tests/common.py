from contextlib import contextmanager
from datetime import timedelta

from freezegun import freeze_time

from odoo import fields, models
from odoo.fields import Command
from odoo.tests import new_test_user

from odoo.addons.base.tests.common import BaseCommon
from odoo.addons.queue_job.tests.common import trap_jobs


class Bank:
    """The payment provider's side: keeps its own books of refunds.

    A refund number that it has seen is answered, but not paid out again.
    """

    def __init__(self):
        self.refunds = {}
        self.requests = []
        self.error = None

    def refund(self, tx):
        self.requests.append(tx.reference)
        if self.error:
            raise self.error
        self.refunds.setdefault(tx.reference, tx.amount)
        tx._set_done()


class GroupbuyCommon(BaseCommon):
    """A neighbourhood with one pickup point, residents, goods and a bank.

    Holds use cursors of their own, so the registry is in test mode. Jobs are trapped:
    `_run_jobs` runs them.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env.company
        cls._set_up_accounting()
        cls.tax_13, cls.tax_9 = cls.env["account.tax"].create(
            [
                {
                    "name": f"VAT {amount} %",
                    "amount": amount,
                    "price_include_override": "tax_included",
                    "type_tax_use": "sale",
                    "company_id": cls.company.id,
                    "country_id": cls.company.account_fiscal_country_id.id,
                }
                for amount in (13, 9)
            ]
        )
        cls.leek = cls._create_product("Leeks", 10)
        cls.ginger = cls._create_product("Ginger", 20, taxes=cls.tax_9)
        cls.point = cls.env["groupbuy.pickup.point"].create(
            {"name": "East Gate", "street": "1 Spring Road", "city": "Jinan"}
        )
        cls.residents = cls.env["res.users"].browse(
            cls._create_resident(f"gb_resident_{i}").id for i in range(1, 7)
        )
        cls.ann, cls.ben, cls.cem, cls.dot, cls.eva, cls.fay = cls.residents
        cls._set_up_bank()
        if not cls._registry_patched:
            cls.registry_enter_test_mode_cls()

    @classmethod
    def _set_up_accounting(cls):
        """A chart of accounts in CNY, whatever the database was installed with."""
        cny = cls.env.ref("base.CNY")
        cny.active = True
        if cls.company.currency_id != cny:
            cls.company.currency_id = cny
        if not cls.company.chart_template:
            cls.env["account.chart.template"].try_loading(
                "generic_coa", company=cls.company, install_demo=False
            )

    @classmethod
    def _set_up_bank(cls):
        cls.bank = Bank()
        cls.method = cls.env.ref("payment.payment_method_unknown")
        cls.provider = cls.env["payment.provider"].create(
            {
                "name": "Bank",
                "code": "none",
                "state": "test",
                "is_published": True,
                "company_id": cls.company.id,
                "payment_method_ids": [Command.set(cls.method.ids)],
            }
        )
        cls.method.active = True
        journal = cls.env["account.journal"].search(
            [("company_id", "=", cls.company.id), ("type", "=", "bank")], limit=1
        )
        manual = cls.env.ref("account.account_payment_method_manual_in")
        account = cls.provider._get_payment_method_outstanding_account_id(manual)
        cls.env["account.payment.method.line"].create(
            {
                "name": "Bank",
                "payment_method_id": manual.id,
                "journal_id": journal.id,
                "payment_provider_id": cls.provider.id,
                "payment_account_id": account,
            }
        )
        bank = cls.bank
        cls.classPatch(
            cls.env.registry["payment.transaction"],
            "_send_refund_request",
            lambda tx: bank.refund(tx),
        )

    def setUp(self):
        super().setUp()
        self.bank.__init__()
        # Written at the moment of the write, also where time is moved meanwhile.
        self.patch(self.env.cr, "now", fields.Datetime.now)
        self.jobs = self.enterContext(trap_jobs())

    # === FACTORIES === #

    @classmethod
    def _create_product(cls, name, price, taxes=None, **vals):
        return cls.env["product.product"].create(
            {
                "name": name,
                "list_price": price,
                "type": "consu",
                "is_storable": True,
                "taxes_id": [Command.set((taxes or cls.tax_13).ids)],
                "website_published": True,
                **vals,
            }
        )

    @classmethod
    def _create_resident(cls, login):
        return new_test_user(
            cls.env,
            login=login,
            groups="base.group_portal",
            phone="+8613800000000",
            # A document's mails go out in the recipient's language.
            lang="en_US",
        )

    @classmethod
    def _create_campaign(cls, *offers, publish=True, **vals):
        """Create a campaign with the offers of `_offer`."""
        now = fields.Datetime.now()
        campaign = cls.env["groupbuy.campaign"].create(
            {
                "name": "Winter vegetables",
                "date_open": now - timedelta(hours=1),
                "date_close": now + timedelta(days=2),
                "offer_ids": [Command.create(offer) for offer in offers],
                **vals,
            }
        )
        if publish:
            campaign.action_publish()
        return campaign

    @classmethod
    def _offer(cls, product, base_price, tiers=None, **vals):
        """:param dict tiers: {from quantity: price}"""
        return {
            "product_id": product.id,
            "base_price": base_price,
            "tier_ids": [
                Command.create({"min_quantity": quantity, "price": price})
                for quantity, price in (tiers or {}).items()
            ],
            **vals,
        }

    @classmethod
    def _example(cls, **vals):
        """The offer of design.md: 10.00, from 20: 9.00, from 50: 8.00."""
        return cls._offer(cls.leek, 10, {20: 9, 50: 8}, **vals)

    @classmethod
    def _create_coupon_program(cls, code, minimum=0, **reward):
        """:param reward: of `loyalty.reward`; a discount on the whole order"""
        return cls.env["loyalty.program"].create(
            {
                "name": code,
                "program_type": "promo_code",
                "trigger": "with_code",
                "applies_on": "current",
                "rule_ids": [
                    Command.create(
                        {"mode": "with_code", "code": code, "minimum_amount": minimum}
                    )
                ],
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_applicability": "order",
                            "required_points": 1,
                            **reward,
                        }
                    )
                ],
            }
        )

    @classmethod
    def _create_points_program(cls, price):
        """:param int price: the points that 5.00 off cost; 1.00 paid gives 1 point"""
        return cls.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "trigger": "auto",
                "applies_on": "both",
                "rule_ids": [
                    Command.create(
                        {"reward_point_amount": 1, "reward_point_mode": "money"}
                    )
                ],
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "discount",
                            "discount_mode": "per_order",
                            "discount": 5,
                            "discount_applicability": "order",
                            "required_points": price,
                        }
                    )
                ],
            }
        )

    # === ACTING === #

    def _lines(self, campaign, quantities):
        """:param quantities: {product: pieces}, or the pieces of the only offer"""
        if not isinstance(quantities, dict):
            quantities = {campaign.offer_ids.product_id: quantities}
        offers = campaign.offer_ids.grouped("product_id")
        return [
            {"offer_id": offers[product].id, "quantity": quantity}
            for product, quantity in quantities.items()
        ]

    def _join(self, campaign, user, quantities, key=None, point=None):
        """:return: the order of the join"""
        self.sequence = getattr(self, "sequence", 0) + 1
        answer = campaign.with_user(user).join(
            self._lines(campaign, quantities),
            (point or self.point).id,
            key or f"{self.id()}-{self.sequence}"[-64:],
        )
        return self.env["sale.order"].browse(answer["order_id"])

    def _create_payment(self, order, amount=None):
        """A payment as the payment page starts it: nothing has arrived yet."""
        return self.env["payment.transaction"].create(
            {
                "provider_id": self.provider.id,
                "payment_method_id": self.method.id,
                "reference": self.env["payment.transaction"]._compute_reference(
                    self.provider.code, sale_order_ids=[Command.set(order.ids)]
                ),
                "amount": order.amount_total if amount is None else amount,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "operation": "online_direct",
                "sale_order_ids": [Command.set(order.ids)],
            }
        )

    def _pay(self, order, amount=None):
        """:return: the payment, arrived and processed"""
        tx = self._create_payment(order, amount)
        tx._set_done()
        tx._post_process()
        # Counts come from the holds, which no cache follows.
        self.env.invalidate_all()
        return tx

    def _apply_code(self, order, code):
        answer = order._try_apply_code(code)
        self.assertNotIn("error", answer)
        for coupon, rewards in answer.items():
            self.assertNotIn("error", order._apply_program_reward(rewards, coupon))

    def _buy(self, campaign, user, quantities, code=None, **kwargs):
        """Join and pay, with a coupon's code if wanted."""
        order = self._join(campaign, user, quantities, **kwargs)
        if code:
            self._apply_code(order, code)
        self._pay(order)
        return order

    def _run_jobs(self, rounds=20):
        """Run the jobs that are due, and those that they start, until none is left."""
        for _round in range(rounds):
            self._revive_jobs()
            soon = fields.Datetime.add(fields.Datetime.now(), seconds=5)
            jobs = self.jobs.enqueued_jobs
            due = [job for job in jobs if not job.eta or job.eta <= soon]
            if not due:
                break
            self.jobs.enqueued_jobs = due
            self.jobs.perform_enqueued_jobs()
            self.jobs.enqueued_jobs += [job for job in jobs if job not in due]
            self.env.invalidate_all()
        else:
            self.fail("The jobs never end.")

    def _revive_jobs(self):
        """Jobs outlive the cursor of the cron that wrote them, but go with the
        savepoint that wrote their records.
        """

        def here(value):
            if not isinstance(value, models.BaseModel):
                return value
            env = value.env
            return value.with_env(self.env(user=env.uid, su=env.su))

        for job in self.jobs.enqueued_jobs:
            job.recordset = here(job.recordset)
            job.args = tuple(map(here, job.args))
        self.jobs.enqueued_jobs = [
            job for job in self.jobs.enqueued_jobs if job.recordset.exists()
        ]

    def _close(self, campaign):
        campaign.action_close()
        self._run_jobs()

    def _run_cron(self, xmlid):
        self.env.flush_all()
        self.env.ref(xmlid).method_direct_trigger()
        self.env.invalidate_all()

    def _sweep(self):
        self._run_cron("community_groupbuy.campaign_cron")
        self._run_jobs()

    def _book(self):
        self._run_cron("community_groupbuy.payment_cron")

    @contextmanager
    def _later(self, **delta):
        """Let time pass: `with self._later(minutes=16): …`"""
        # What has been done before is written before.
        self.env.flush_all()
        with freeze_time(fields.Datetime.now() + timedelta(**delta)):
            yield

    # === CHECKING === #

    def _get_refunds(self, order):
        return order.transaction_ids.child_transaction_ids.filtered(
            lambda tx: tx.operation == "refund"
        )

    def _get_refunded(self, order):
        """:return: what the bank says it paid back of this order"""
        references = self._get_refunds(order).mapped("reference")
        amounts = [self.bank.refunds.get(reference, 0.0) for reference in references]
        return order.currency_id.round(-sum(amounts))

    def _get_holds(self, order):
        return order._get_groupbuy_holds()

    def assertMoney(self, order, paid, refunded, invoiced=None):
        """Payments, refunds (also the bank's), invoices and the receivable agree."""
        self._book()
        equal = self.assertEqual
        equal(sum(order._groupbuy_get_payments().mapped("amount")), paid)
        equal(order.currency_id.round(-sum(self._get_refunds(order).mapped("amount"))),
              refunded)  # fmt: skip
        equal(self._get_refunded(order), refunded, "the bank's own books")
        invoiced = paid - refunded if invoiced is None else invoiced
        posted = order.invoice_ids.filtered(lambda move: move.state == "posted")
        equal(
            sum(posted.mapped("amount_total_signed")), order.currency_id.round(invoiced)
        )
        self.assertAtRest(order)

    def assertAtRest(self, order):
        """Money in = money out + invoices, and nothing stays open on the receivable."""
        transactions = order.transaction_ids | self._get_refunds(order)
        done = transactions.filtered(lambda tx: tx.state == "done")
        self.assertEqual(len(done.payment_id), len(done), "one entry per payment")
        moves = order.invoice_ids | done.payment_id.move_id
        receivable = moves.line_ids.filtered(
            lambda line: line.account_id.account_type == "asset_receivable"
        )
        self.assertEqual(set(receivable.mapped("parent_state")) - {"posted"}, set())
        self.assertAlmostEqual(sum(receivable.mapped("balance")), 0, 6)
        self.assertAlmostEqual(sum(receivable.mapped("amount_residual")), 0, 6)
        self.assertFalse(receivable.filtered(lambda line: line.amount_residual))

    def assertSettled(self, order):
        """Money received less refunds = invoices less credit notes = what it costs."""
        self._run_jobs()
        self._book()
        total = order.amount_total
        self.assertGreaterEqual(total, 0)
        equal = self.assertEqual
        equal(order._groupbuy_get_balances()[order], total)
        paid = sum(order._groupbuy_get_payments().mapped("amount"))
        equal(order.currency_id.round(paid - self._get_refunded(order)), total)
        posted = order.invoice_ids.filtered(lambda move: move.state == "posted")
        equal(posted, order.invoice_ids)
        for amount, expected in (
            ("amount_total_signed", total),
            ("amount_tax_signed", order.amount_tax),
            ("amount_untaxed_signed", order.amount_untaxed),
        ):
            signed = order.currency_id.round(sum(posted.mapped(amount)))
            equal(signed, expected, amount)
        equal(set(order.order_line.mapped("qty_to_invoice")) - {0.0}, set())
        equal(order.invoice_status, "invoiced")
        self.assertAtRest(order)

    def assertOnePrice(self, campaign):
        """All participants of an offer end on one price, none above what was shown."""
        for offer in campaign.offer_ids:
            lines = offer.line_ids.filtered(lambda line: line.state == "sale")
            lines = lines.filtered("product_uom_qty")
            self.assertEqual(
                set(lines.mapped("price_unit")),
                {offer.final_price} if offer.outcome == "success" else set(),
            )
            for line in lines:
                self.assertLessEqual(line.price_unit, line.groupbuy_price)
            if offer.outcome == "success":
                self.assertEqual(
                    sum(lines.mapped("product_uom_qty")), offer.final_quantity
                )

    def assertCounted(self, campaign):
        """Counters = sum of the waiting orders' lines; nothing is oversold."""
        for offer in campaign.offer_ids:
            waiting = offer.line_ids.filtered(lambda line: line.state == "sent")
            self.assertEqual(
                offer.paid_quantity, sum(waiting.mapped("product_uom_qty"))
            )
            if offer.quota:
                self.assertLessEqual(
                    offer.paid_quantity + offer.held_quantity, offer.quota
                )
