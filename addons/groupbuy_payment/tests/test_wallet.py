from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.http import Request
from odoo.tests import HttpCase, tagged

from odoo.addons.community_groupbuy.tests.common import GroupbuyCommon
from odoo.addons.community_groupbuy.tests.test_claim import ClaimCommon

from ..models.payment_transaction_wallet import PaymentTransaction as Wallet


class WalletCommon(GroupbuyCommon):
    """A neighbourhood whose refunds may go into Odoo's eWallet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company._groupbuy_ensure_books()
        cls.company.groupbuy_wallet_refund = True
        bank = cls.bank
        # The neighbourhood's bank refunds all payments; wallets are our own.
        cls.classPatch(
            cls.env.registry["payment.transaction"],
            "_send_refund_request",
            lambda tx: (
                Wallet._send_refund_request(tx)
                if tx.provider_code == "groupbuy_wallet"
                else bank.refund(tx)
            ),
        )

    def _get_balance(self, user):
        return user.partner_id._groupbuy_get_wallet_balance(self.company)

    def _fill(self, user, amount):
        """Let a cancelled join bring `amount` into the wallet."""
        campaign = self._create_campaign(self._offer(self.ginger, amount))
        order = self._buy(campaign, user, 1)
        order.with_user(user).groupbuy_set_refund_to("wallet")
        order.with_user(user).action_groupbuy_cancel()
        self._run_jobs()
        self._book()
        return order

    def _apply_wallet(self, order):
        card = order.partner_id._groupbuy_get_wallet_card(self.company)
        reward = card.program_id.reward_ids
        self.assertNotIn("error", order._apply_program_reward(reward, card))

    def _get_liability(self):
        self.env.flush_all()
        ((balance,),) = self.env["account.move.line"]._read_group(
            [
                ("account_id", "=", self.company.groupbuy_wallet_account_id.id),
                ("parent_state", "=", "posted"),
            ],
            [],
            ["balance:sum"],
        )
        return self.company.currency_id.round(-(balance or 0.0))

    def assertWallets(self):
        """What the books say is in the wallets is in them."""
        self._run_jobs()
        self._book()
        program = self.company.groupbuy_wallet_program_id
        cards = self.env["loyalty.card"].search([("program_id", "=", program.id)])
        points = self.company.currency_id.round(sum(cards.mapped("points")))
        self.assertEqual(self._get_liability(), points)


@tagged("post_install", "-at_install")
class TestWallet(WalletCommon):
    def test_cancelled_join_is_refunded_into_the_wallet(self):
        order = self._fill(self.ann, 40)
        refund = self._get_refunds(order)
        self.assertEqual(refund.provider_code, "groupbuy_wallet")
        self.assertEqual((refund.state, refund.amount), ("done", -40))
        self.assertEqual(self._get_balance(self.ann), 40)
        self.assertFalse(self.bank.refunds)
        self.assertAtRest(order)
        self.assertEqual(self._get_liability(), 40)
        card = self.ann.partner_id._groupbuy_get_wallet_card(self.company)
        self.assertEqual(card.history_ids.mapped("issued"), [40])
        self.assertWallets()

    def test_refund_goes_back_unless_chosen_otherwise(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 5)
        order.with_user(self.ann).action_groupbuy_cancel()
        self._run_jobs()
        self.assertEqual(self._get_balance(self.ann), 0)
        self.assertMoney(order, 50, 50)

    def test_choice_is_ones_own_and_offered(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 5)
        with self.assertRaises(UserError):
            order.with_user(self.ben).groupbuy_set_refund_to("wallet")
        for value in ("bank", "", None, 1, ["wallet"]):
            with self.assertRaises(UserError):
                order.with_user(self.ann).groupbuy_set_refund_to(value)
        self.company.groupbuy_wallet_refund = False
        with self.assertRaises(UserError):
            order.with_user(self.ann).groupbuy_set_refund_to("wallet")
        self.assertEqual(order.groupbuy_refund_to, "original")

    def test_offer_withdrawn_meanwhile_pays_back(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 5)
        order.with_user(self.ann).groupbuy_set_refund_to("wallet")
        self.company.groupbuy_wallet_refund = False
        order.with_user(self.ann).action_groupbuy_cancel()
        self._run_jobs()
        self.assertMoney(order, 50, 50)

    def test_sent_twice_is_credited_once(self):
        order = self._fill(self.ann, 40)
        refund = self._get_refunds(order)
        refund._groupbuy_send()
        refund._groupbuy_send()
        with self.assertRaises(UserError):
            order.with_user(self.ann).action_groupbuy_cancel()
        self.assertEqual(self._get_balance(self.ann), 40)
        self.assertWallets()

    def test_failed_credit_leaves_nothing_behind_and_is_retried(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 5)
        order.with_user(self.ann).groupbuy_set_refund_to("wallet")
        order.with_user(self.ann).action_groupbuy_cancel()
        history = self.env.registry["loyalty.history"]
        with (
            patch.object(history, "create", side_effect=ValueError("disk full")),
            self.assertLogs("odoo.addons.community_groupbuy", "WARNING"),
        ):
            self._run_jobs()
        refund = self._get_refunds(order)
        self.assertEqual(refund.state, "error")
        self.assertEqual(self._get_balance(self.ann), 0)
        refund._groupbuy_send()
        self.assertEqual(refund.state, "done")
        self.assertEqual(self._get_balance(self.ann), 50)
        self.assertWallets()

    def test_difference_at_closing_goes_into_the_wallet(self):
        campaign = self._create_campaign(self._example())
        order = self._buy(campaign, self.ann, 15)
        order.with_user(self.ann).groupbuy_set_refund_to("wallet")
        self._buy(campaign, self.ben, 10)
        self._close(campaign)
        self.assertEqual(order.amount_total, 135)
        self.assertEqual(self._get_balance(self.ann), 15)
        self.assertWallets()
        self.assertAtRest(order)

    def test_partial_refunds_go_where_chosen_at_the_time(self):
        campaign = self._create_campaign(self._offer(self.leek, 10))
        order = self._buy(campaign, self.ann, 5)
        self._close(campaign)
        line = order.order_line
        order._groupbuy_take_off({line: 1}, "One was bad")
        self._run_jobs()
        order.with_user(self.ann).groupbuy_set_refund_to("wallet")
        order._groupbuy_take_off({line: 1}, "Another was bad")
        order._groupbuy_allow(line, 3.33, "The rest was small")
        self._run_jobs()
        self.assertEqual(self._get_balance(self.ann), 13.33)
        self.assertEqual(self._get_refunded(order), 10)
        self.assertEqual(order.amount_total, 26.67)
        self.assertWallets()
        self.assertAtRest(order)

    def test_paying_with_the_wallet_moves_the_liability(self):
        self._fill(self.ann, 40)
        campaign = self._create_campaign(self._offer(self.leek, 10))
        order = self._join(campaign, self.ann, 10)
        self._apply_wallet(order)
        self.assertEqual(order.amount_total, 60)
        self._pay(order)
        self.assertEqual(self._get_balance(self.ann), 0)
        self._close(campaign)
        self.assertSettled(order)
        self.assertEqual(self._get_liability(), 0)
        wallet_items = order.invoice_ids.line_ids.filtered(
            lambda item: item.account_id == self.company.groupbuy_wallet_account_id
        )
        self.assertEqual(sum(wallet_items.mapped("balance")), 40)
        # The goods are sold at their full price, with their full tax.
        taxes = order.invoice_ids.line_ids.filtered("tax_line_id")
        self.assertAlmostEqual(-sum(taxes.mapped("balance")), 100 - 100 / 1.13, 2)

    def test_paying_all_of_it_with_the_wallet(self):
        self._fill(self.ann, 100)
        campaign = self._create_campaign(self._example())
        order = self._join(campaign, self.ann, 10)
        self._apply_wallet(order)
        self.assertEqual(order.amount_total, 0)
        order._validate_order()
        self._buy(campaign, self.ben, 10)
        self._close(campaign)
        # 20 pieces: 9.00 each, so 10 of the 100 come back into the wallet.
        self.assertEqual(order.amount_total, 0)
        self.assertEqual(self._get_balance(self.ann), 10)
        self.assertWallets()

    def test_closing_with_an_ewallet_part_is_right_to_the_fen(self):
        for at, amount in enumerate((0.01, 33.33, 99.99, 134.99)):
            user = self.residents[at]
            with self.subTest(amount=amount):
                self._fill(user, amount)
                campaign = self._create_campaign(self._example())
                order = self._join(campaign, user, 15)
                self._apply_wallet(order)
                self.assertEqual(
                    order.amount_total, self.company.currency_id.round(150 - amount)
                )
                self._pay(order)
                self._buy(campaign, self.fay, 10)
                self._close(campaign)
                self.assertEqual(
                    self.company.currency_id.round(
                        order.amount_total - self._get_balance(user)
                    ),
                    self.company.currency_id.round(135 - amount),
                )
                self.assertSettled(order)
                self.assertWallets()

    def test_cancelled_join_gives_the_wallet_part_back(self):
        self._fill(self.ann, 40)
        campaign = self._create_campaign(self._offer(self.leek, 10))
        order = self._join(campaign, self.ann, 10)
        self._apply_wallet(order)
        self._pay(order)
        order.with_user(self.ann).action_groupbuy_cancel()
        self._run_jobs()
        self.assertEqual(self._get_balance(self.ann), 40)
        self.assertMoney(order, 60, 60)
        self.assertWallets()

    def test_taking_goods_off_an_order_paid_with_both(self):
        self._fill(self.ann, 40)
        campaign = self._create_campaign(self._offer(self.leek, 10))
        order = self._join(campaign, self.ann, 10)
        self._apply_wallet(order)
        self._pay(order)
        self._close(campaign)
        line = order.order_line.filtered("groupbuy_offer_id")
        for pieces in (3, 5, 2):
            order._groupbuy_take_off({line: pieces}, "Bad")
            self.assertSettled(order)
            self.assertWallets()
        self.assertEqual(order.amount_total, 0)
        self.assertEqual(self._get_balance(self.ann), 40)

    def test_wallet_is_no_way_to_pay_on_the_payment_page(self):
        self._fill(self.ann, 40)
        provider = self.company._groupbuy_get_wallet_provider()
        provider.is_published = True
        providers = self.env["payment.provider"]._get_compatible_providers(
            self.company.id, self.ann.partner_id.id, 10, self.company.currency_id.id
        )
        self.assertNotIn(provider, providers)


@tagged("post_install", "-at_install")
class TestWalletPages(WalletCommon, HttpCase):
    def setUp(self):
        super().setUp()
        campaign = self._create_campaign(self._example())
        self.order = self._buy(campaign, self.ann, 5)
        self.url = f"/my/groupbuy/{self.order.id}"
        self.authenticate("gb_resident_1", "gb_resident_1")

    def _post(self, url, **data):
        return self.url_open(url, data={"csrf_token": Request.csrf_token(self), **data})

    def test_choice_is_shown_and_kept(self):
        page = self.url_open(self.url).text
        self.assertIn('name="refund_to"', page)
        self._post(f"{self.url}/cancel", refund_to="wallet")
        self.assertEqual(self.order.state, "cancel")
        self._run_jobs()
        self.assertEqual(self._get_balance(self.ann), 50)
        page = self.url_open(self.url).text
        self.assertIn("Wallet", page)
        # The button pressed twice.
        self._post(f"{self.url}/cancel", refund_to="wallet")
        self._run_jobs()
        self.assertEqual(self._get_balance(self.ann), 50)

    def test_choice_is_not_shown_where_it_is_not_offered(self):
        self.company.groupbuy_wallet_refund = False
        self.assertNotIn('name="refund_to"', self.url_open(self.url).text)
        answer = self._post(f"{self.url}/cancel", refund_to="wallet")
        self.assertIn("not offered", answer.text)
        self.assertEqual(self.order.state, "sent")

    def test_wallet_pays_on_the_payment_page(self):
        self._fill(self.ann, 33.33)
        reward = self.company.groupbuy_wallet_program_id.reward_ids
        campaign = self._create_campaign(self._offer(self.ginger, 20))
        order = self._join(campaign, self.ann, 2)
        page = self.url_open(f"/groupbuy/pay/{order.id}").text
        self.assertIn("/shop/claimreward", page)
        self.url_open(f"/shop/claimreward?reward_id={reward.id}&r=/shop/payment")
        self.env.invalidate_all()
        self.assertEqual(order.amount_total, 6.67)
        self._pay(order)
        self.assertEqual(self._get_balance(self.ann), 0)


@tagged("post_install", "-at_install")
class TestWalletClaimPage(WalletCommon, ClaimCommon, HttpCase):
    """The page on which residents ask for money back asks where it shall go."""

    def setUp(self):
        super().setUp()
        self.order = self._receive()
        self._run_jobs()
        self.url = f"/my/groupbuy/{self.order.id}/claim"
        self.authenticate("gb_resident_1", "gb_resident_1")

    def _ask(self, **data):
        line = self._get_line(self.order, self.leek)
        return self.url_open(
            f"{self.url}/submit",
            data={
                "csrf_token": Request.csrf_token(self),
                f"quantity_{line.id}": "2",
                f"reason_{line.id}": str(self.damaged.id),
                **data,
            },
        )

    def test_money_goes_where_the_resident_wants_it(self):
        self.assertIn('name="refund_to"', self.url_open(self.url).text)
        before = len(self.bank.refunds)
        self._ask(refund_to="wallet")
        claim = self.order.groupbuy_claim_ids
        self.assertEqual(claim.line_ids.quantity, 2)
        self.assertEqual(self.order.groupbuy_refund_to, "wallet")
        self._decide(claim, decision="refund")
        self._run_jobs()
        self.assertEqual(self._get_balance(self.ann), 20)
        self.assertEqual(len(self.bank.refunds), before)
        self.assertWallets()

    def test_without_a_choice_it_goes_back_the_way_it_came(self):
        self._ask()
        self._decide(self.order.groupbuy_claim_ids, decision="refund")
        self._run_jobs()
        self.assertEqual(self._get_balance(self.ann), 0)
        self.assertEqual(self.order.groupbuy_refund_to, "original")

    def test_a_choice_that_is_none_asks_for_nothing(self):
        for choice in ("elsewhere", "x" * 1000, "<b>"):
            page = self._ask(refund_to=choice).text
            self.assertIn("alert", page)
            self.assertFalse(self.order.groupbuy_claim_ids)
        self.company.groupbuy_wallet_refund = False
        self.assertNotIn('name="refund_to"', self.url_open(self.url).text)
        self.assertIn("not offered", self._ask(refund_to="wallet").text)
        self.assertFalse(self.order.groupbuy_claim_ids)

    def test_nobody_chooses_for_others(self):
        self.authenticate("gb_resident_2", "gb_resident_2")
        self._ask(refund_to="wallet")
        self.assertEqual(self.order.groupbuy_refund_to, "original")
        self.assertFalse(self.order.groupbuy_claim_ids)
