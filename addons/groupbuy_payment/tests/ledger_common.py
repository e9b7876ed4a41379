from odoo.addons.community_groupbuy.tests.test_claim import ClaimCommon


class LedgerCommon(ClaimCommon):
    """Leeks are a merchant's, ginger is the platform's own; a leader has a commission
    on both, and the platform a fee on the merchant's, as the addons above will say."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.merchant, cls.leader = cls.env["res.partner"].create(
            [{"name": "Green Farm"}, {"name": "Leader Li"}]
        )
        cls.company.groupbuy_settlement_minimum = 0
        cls.rates = {"commission": 10.0, "fee": 5.0}
        cls._set_up_shares()
        # Shares of what other tests and sample data have left are none of theirs.
        cls.env.cr.execute("UPDATE sale_order SET groupbuy_split_due = FALSE")

    @classmethod
    def _set_up_shares(cls):
        line_class = cls.env.registry["sale.order.line"]
        merchant, leader, leek = cls.merchant, cls.leader, cls.leek
        rates = cls.rates

        def get_owner(lines):
            return {
                line: (merchant, "merchant")
                if line.product_id == leek
                else (line.company_id.partner_id, "platform")
                for line in lines
            }

        def get_charges(lines):
            return {
                line: [
                    {
                        "payee": leader,
                        "role": "leader",
                        "kind": "commission",
                        "amount": base * rates["commission"] / 100,
                    },
                    {
                        "payee": line.company_id.partner_id,
                        "role": "platform",
                        "kind": "fee",
                        "amount": base * rates["fee"] / 100,
                    },
                ]
                for line, base in lines._groupbuy_get_bases().items()
                if line._is_groupbuy_goods()
            }

        cls.classPatch(line_class, "_groupbuy_owner", get_owner)
        cls.classPatch(line_class, "_groupbuy_charges", get_charges)

    def _split(self):
        self._run_cron("groupbuy_payment.split_cron")

    def _receive_and_split(self, *args, **kwargs):
        order = self._receive(*args, **kwargs)
        self._split()
        return order

    def _get_balance(self, payee, role=None, **domain):
        """:return: the sum of a payee's entries"""
        entries = self.env["groupbuy.ledger.entry"].search(
            [
                ("payee_id", "=", payee.id),
                ("role", "=", role) if role else ("role", "!=", "platform"),
                *((name, "=", value) for name, value in domain.items()),
            ]
        )
        return self.company.currency_id.round(sum(entries.mapped("amount")))

    def _settle(self, **kwargs):
        today = self.company._get_groupbuy_date()
        return self.env["groupbuy.settlement"]._settle(self.company, today, **kwargs)

    def _get_account_balance(self, name, partner=None):
        """:return: what the general ledger says, a liability above 0"""
        domain = [
            ("account_id", "=", self.company[name].id),
            ("parent_state", "=", "posted"),
        ]
        if partner:
            domain.append(("partner_id", "=", partner.id))
        [(balance,)] = self.env["account.move.line"]._read_group(
            domain, [], ["balance:sum"]
        )
        return self.company.currency_id.round(-balance)

    def assertShared(self, order):
        """The shares of each line add up to it; nothing else is recorded."""
        entries = self.env["groupbuy.ledger.entry"].search(
            [("order_id", "=", order.id)]
        )
        received = bool(order.groupbuy_received_at)
        for line in order.order_line:
            shares = entries.filtered(lambda entry, own=line: entry.sale_line_id == own)
            self.assertAlmostEqual(
                sum(shares.mapped("amount")), line.price_total if received else 0, 6
            )
        self.assertAlmostEqual(
            sum(entries.mapped("amount")), order.amount_total if received else 0, 6
        )

    def assertAccrued(self):
        """The general ledger says of both roles what the share ledger says."""
        for role, payee in (("merchant", self.merchant), ("leader", self.leader)):
            unsettled = self._get_balance(payee, role, settlement_id=False)
            name = f"groupbuy_{role}_account_id"
            self.assertEqual(self._get_account_balance(name, payee), unsettled)
            self.assertEqual(
                -self._get_account_balance(f"groupbuy_{role}_expense_account_id"),
                self._get_balance(payee, role),
            )
