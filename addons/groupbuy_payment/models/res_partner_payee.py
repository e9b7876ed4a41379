from odoo import fields, models
from odoo.fields import Domain


class ResPartner(models.Model):
    """Leaders and merchants: whom the platform owes money."""

    _inherit = "res.partner"

    groupbuy_payout_requested_at = fields.Datetime(
        string="Last Payout Request", readonly=True, copy=False
    )

    def _groupbuy_is_payee(self, company):
        """Whether this partner is paid out by `company`: it earned something once.

        To be extended by the addons that know leaders and merchants.
        """
        self.ensure_one()
        # Payees have no rights on the ledger; only whether it knows them.
        return bool(
            self.env["groupbuy.ledger.entry"]
            .sudo()
            .search_count(
                [
                    ("payee_id", "=", self.id),
                    ("company_id", "=", company.id),
                    ("role", "!=", "platform"),
                ],
                limit=1,
            )
        )

    def _groupbuy_get_open_bills(self, company):
        """:return: the posted bills of settlements that are not fully paid, oldest
        first"""
        self.ensure_one()
        # What the platform owes this payee; whoever asks has been checked.
        settlements_sudo = (
            self.env["groupbuy.settlement"]
            .sudo()
            .search(
                [
                    ("payee_id", "=", self.id),
                    ("move_id.company_id", "=", company.id),
                    ("move_id.state", "=", "posted"),
                    ("move_id.amount_residual", ">", 0),
                ]
            )
        )
        return settlements_sudo.move_id.sorted(lambda move: (move.date, move.id))

    def _groupbuy_get_money(self, company):
        """What `company` owes this payee, in its currency.

        :return: {"available": can be paid out now, "pending": payouts under way,
            "settled": open bills, "unsettled": earned, on no bill yet, may be negative,
            "frozen": earned, but after-sales requests are still possible}
        """
        self.ensure_one()
        bills_sudo = self._groupbuy_get_open_bills(company)
        settled = sum(bills_sudo.mapped("amount_residual"))
        payouts_sudo = self.env["groupbuy.payout"].sudo()
        pending = payouts_sudo._sum_amounts(
            Domain("payee_id", "=", self.id)
            & Domain("company_id", "=", company.id)
            & payouts_sudo._get_pending_domain()
        )
        entries_sudo = self.env["groupbuy.ledger.entry"].sudo()
        open_entries = entries_sudo._get_unsettled(self, company)[self]
        unsettled = open_entries["available"]
        # What was taken back after a settlement is owed to the platform meanwhile.
        debt = min(unsettled, 0.0)
        rounded = company.currency_id.round
        return {
            "available": max(rounded(settled - pending + debt), 0.0),
            "pending": rounded(pending),
            "settled": rounded(settled),
            "unsettled": rounded(unsettled),
            "frozen": rounded(open_entries["frozen"]),
        }

    def _groupbuy_lock_payouts(self):
        """Let one transaction at a time decide about this payee's money.

        Whoever comes second collides with this write and starts over, and then sees
        what the first one did. A mere lock would only make it wait.
        """
        self.ensure_one()
        # A payee may not write on itself; only this mark is written.
        self.sudo().groupbuy_payout_requested_at = fields.Datetime.now()
        self.env.flush_all()

    # === PORTAL === #

    def _groupbuy_prepare_money(self, company, limit=5):
        """What a payee's pages show, for the blocks of `groupbuy_money_templates.xml`.

        To be called for the user's own payee; what is read is limited to it.

        :param int limit: how many of each list
        :return: {"payee", "company", "currency", "money", "entries", "settlements",
            "payouts", "accounts", "today"}, records in sudo mode
        """
        self.ensure_one()
        # Its day and its currency; payees may not read companies.
        company = company.sudo()
        own = Domain("payee_id", "=", self.id) & Domain("company_id", "=", company.id)
        env = self.sudo().env
        entries = env["groupbuy.ledger.entry"]
        return {
            "payee": self,
            "company": company,
            "currency": company.currency_id,
            "today": company._get_groupbuy_date(),
            "money": self._groupbuy_get_money(company),
            "entries": entries.search(
                own & Domain("role", "!=", "platform"), limit=limit
            ),
            "settlements": env["groupbuy.settlement"].search(own, limit=limit),
            "payouts": env["groupbuy.payout"].search(own, limit=limit),
            "accounts": env["groupbuy.payee.account"].search(
                [("partner_id", "=", self.id), ("company_id", "=", company.id)]
            ),
        }
