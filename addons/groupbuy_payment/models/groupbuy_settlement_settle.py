import psycopg2

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

PAYEE_CHUNK = 100
TRIES = 3


class GroupbuySettlement(models.Model):
    """Settling: entries are claimed and billed in one transaction, or not at all."""

    _inherit = "groupbuy.settlement"

    # === SETTLING === #

    @api.model
    def _find_due(self, company, until, payees=None, minimum=None):
        """Find to whom something is owed.

        :param until: the last day of availability that counts
        :param payees: only these
        :param float minimum: not less; as the company wants it if left out
        :return: [(payee id, role, amount, entries, first day)], amounts as `Decimal`
        """
        self.env.flush_all()
        if minimum is None:
            minimum = company.groupbuy_settlement_minimum
        return self.env.execute_query(
            SQL(
                """
                SELECT e.payee_id, e.role, SUM(e.amount), COUNT(*), MIN(e.available_on)
                  FROM groupbuy_ledger_entry AS e
                 WHERE e.company_id = %s AND %s AND %s
              GROUP BY e.payee_id, e.role
                HAVING SUM(e.amount) > 0 AND SUM(e.amount) >= %s
              ORDER BY e.payee_id, e.role
                """,
                company.id,
                self.env["groupbuy.ledger.entry"]._get_settleable_condition(until),
                SQL("e.payee_id IN %s", tuple(payees.ids) or (0,))
                if payees is not None
                else SQL("TRUE"),
                company.currency_id.round(minimum),
            )
        )

    @api.model
    def _settle(self, company, until, payees=None, minimum=None):
        """Settle what is owed: once, whoever else does so at the same time.

        Payees of whom more was taken back than they have earned wait: what they owe is
        kept back from what they earn next.

        :param until: a day, the last day of availability that counts
        :return: the new settlements, their bills posted
        :raise UserError: the day has not come yet
        """
        if until > company._get_groupbuy_date():
            raise UserError(self.env._("Settle until today at most."))
        due = self._find_due(company, until, payees, minimum)
        settlements = self.browse()
        for first in range(0, len(due), PAYEE_CHUNK):
            settlements |= self._settle_chunk(
                company, until, due[first : first + PAYEE_CHUNK]
            )
        return settlements

    @api.model
    def _settle_chunk(self, company, until, due):
        # It follows from the ledger; whoever settles needs no rights on bills.
        model_sudo = self.sudo().with_company(company)
        settlements_sudo = model_sudo.with_context(
            tracking_disable=True, mail_create_nosubscribe=True
        ).create(
            [
                {
                    "name": self.env["ir.sequence"]
                    .sudo()
                    .with_company(company)
                    .next_by_code("groupbuy.settlement"),
                    "payee_id": payee_id,
                    "role": role,
                    "company_id": company.id,
                    "date_from": min(first, until),
                    "date_to": until,
                    "amount": float(amount),
                }
                for payee_id, role, amount, _count, first in due
            ]
        )
        settlements_sudo.flush_recordset()
        sums = settlements_sudo._claim_entries(until)
        settlements_sudo._create_bills(sums)
        return settlements_sudo.sudo(self.env.su)

    def _claim_entries(self, until):
        """Take the entries of these settlements: what another one has is not touched.

        :return: [(settlement id, kind, amount)]
        """
        rows = self.env.execute_query(
            SQL(
                """
                WITH claimed AS (
                   UPDATE groupbuy_ledger_entry AS e SET settlement_id = s.id
                     FROM groupbuy_settlement AS s
                    WHERE s.id IN %s AND e.company_id = s.company_id
                      AND e.payee_id = s.payee_id AND e.role = s.role AND %s
                RETURNING s.id, e.kind, e.amount
                )
                  SELECT id, kind, SUM(amount) FROM claimed
                GROUP BY id, kind
                ORDER BY id, kind
                """,
                tuple(self.ids),
                self.env["groupbuy.ledger.entry"]._get_settleable_condition(until),
            )
        )
        self.env["groupbuy.ledger.entry"].invalidate_model()
        totals = dict.fromkeys(self.ids, 0)
        for settlement_id, _kind, amount in rows:
            totals[settlement_id] += amount
        for settlement in self:
            if settlement.currency_id.compare_amounts(
                settlement.amount, float(totals[settlement.id])
            ):
                raise UserError(
                    self.env._("Somebody else is settling at the moment. Try again.")
                )
        return rows

    def _create_bills(self, sums):
        """:param list sums: [(settlement id, kind, amount)]"""
        kinds = {settlement.id: [] for settlement in self}
        for settlement_id, kind, amount in sums:
            if amount:
                kinds[settlement_id].append((kind, float(amount)))
        vals_list = [
            settlement._prepare_bill(kinds[settlement.id]) for settlement in self
        ]
        bills = (
            self.env["account.move"]
            .with_context(
                skip_invoice_sync=True,
                skip_analytic_sync=True,
                tracking_disable=True,
                mail_create_nosubscribe=True,
            )
            .create(vals_list)
        )
        for settlement, bill in zip(self, bills, strict=True):
            settlement.move_id = bill
        bills.action_post()
        return bills

    def _prepare_bill(self, kinds):
        """:return: the values of the vendor bill, whole: a line per kind of share, and
        what is payable; there is no tax that Odoo would have to work out"""
        self.ensure_one()
        company = self.company_id
        today = company._get_groupbuy_date()
        payee = self.payee_id.with_company(company)
        common = {
            "partner_id": payee.commercial_partner_id.id,
            "currency_id": company.currency_id.id,
            # What is owed moves from one account to another: no cost centre's matter.
            "analytic_distribution": False,
        }
        items = [
            {
                **common,
                **vals,
                "display_type": "product",
                "amount_currency": vals["balance"],
                "price_unit": vals["balance"],
                "price_subtotal": vals["balance"],
                "price_total": vals["balance"],
            }
            for vals in self._prepare_bill_lines(kinds)
        ]
        items.append(
            {
                **common,
                "display_type": "payment_term",
                "account_id": payee.property_account_payable_id.id,
                "date_maturity": today,
                "balance": -self.amount,
                "amount_currency": -self.amount,
            }
        )
        return {
            "move_type": "in_invoice",
            "journal_id": company._groupbuy_get_book("groupbuy_bill_journal_id").id,
            "company_id": company.id,
            "currency_id": company.currency_id.id,
            "partner_id": payee.id,
            "invoice_date": today,
            "invoice_date_due": today,
            "invoice_payment_term_id": False,
            "ref": self.name,
            "invoice_line_ids": [],
            "line_ids": [Command.create(item) for item in items],
        }

    def _prepare_bill_lines(self, kinds):
        account = self.company_id._groupbuy_get_book(f"groupbuy_{self.role}_account_id")
        settlement = self.with_context(lang=self.payee_id.lang or self.env.lang)
        kind_field = self.env["groupbuy.ledger.entry"]._fields["kind"]
        labels = dict(kind_field._description_selection(settlement.env))
        period = settlement._get_period_text()
        return [
            {
                "name": f"{labels[kind]} {period}",
                "quantity": 1,
                "balance": amount,
                "account_id": account.id,
                # Shares are what was paid, with tax.
                "tax_ids": [Command.clear()],
            }
            for kind, amount in kinds
        ]

    # === SCHEDULE === #

    @api.model
    def _settle_scheduled(self):
        """Settle for the companies whose week or month has ended, a chunk at a time.

        What an outage has missed is caught up with: it is the day until which a company
        has settled that counts, not the day on which this runs.
        """
        commit_progress = self.env["ir.cron"]._commit_progress
        for company in self.env["res.company"].search([]):
            until = company._groupbuy_get_period_end()
            if not until or (
                company.groupbuy_settled_until
                and company.groupbuy_settled_until >= until
            ):
                continue
            due = self._find_due(company, until)
            commit_progress(remaining=len(due) // PAYEE_CHUNK + 1)
            if not self._settle_chunks(company, until, due):
                return
            company.groupbuy_settled_until = until
            commit_progress(1)

    @api.model
    def _settle_chunks(self, company, until, due):
        """:return: whether there was time for all of them"""
        commit_progress = self.env["ir.cron"]._commit_progress
        tries = 0
        while due:
            try:
                self._settle_chunk(company, until, due[:PAYEE_CHUNK])
                due = due[PAYEE_CHUNK:]
            except (psycopg2.OperationalError, UserError):
                # Somebody settles by hand, or a refund has come in between.
                tries += 1
                if tries == TRIES:
                    raise
                self.env.cr.rollback()
                due = self._find_due(company, until)
            if not commit_progress(1):
                return False
        return True
