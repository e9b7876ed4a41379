import logging

import psycopg2

from odoo import api, fields, models

_logger = logging.getLogger(__name__)


class GroupbuyPayout(models.Model):
    """Payouts in the accounts: a payment that settles the payee's oldest bills."""

    _inherit = "groupbuy.payout"

    def _pay(self, reference=False):
        """Note that the money has left, and book it.

        That it has left is kept even where booking fails, as in a locked period; the
        sweep books it later, and until then the money counts as pending.
        """
        now = fields.Datetime.now()
        self.write(
            {
                "state": "paid",
                "reason": False,
                "ended_at": now,
                "package_info": False,
                "provider_reference": reference,
            }
        )
        self._end_warnings()
        for payout in self:
            try:
                with self.env.cr.savepoint():
                    payout._book()
            except psycopg2.OperationalError:
                raise
            except Exception as error:
                _logger.warning("Payout %s cannot be booked: %s", payout.name, error)
                self.env.invalidate_all()
                payout._raise_to_operators(
                    self.env._("Payout %s cannot be booked", payout.name)
                )

    @api.model
    def _book_pending(self):
        """Book what was paid and could not be booked at the time."""
        waiting = self.search(
            [("state", "=", "paid"), ("payment_id", "=", False)], limit=100
        )
        if waiting := waiting.try_lock_for_update():
            for payout in waiting:
                payout._pay(payout.provider_reference)

    def _book(self):
        """Write the payment and match it with the payee's open bills."""
        self.ensure_one()
        if self.payment_id:
            return
        payment = (
            self.env["account.payment"]
            .with_company(self.company_id)
            .with_context(tracking_disable=True, mail_create_nosubscribe=True)
            .create(self._prepare_payment())
        )
        payment.action_post()
        self.payment_id = payment
        bills = self.payee_id._groupbuy_get_open_bills(self.company_id)
        items = (payment.move_id | bills).line_ids.filtered(
            lambda item: (
                item.account_id == payment.destination_account_id
                and not item.reconciled
            )
        )
        if len(items) > 1:
            items.reconcile()

    def _prepare_payment(self):
        """:return: the values of the payment; what the payee does not get is a fee"""
        journal, method_line = self._get_payment_journal()
        vals = {
            "payment_type": "outbound",
            "partner_type": "supplier",
            "partner_id": self.payee_id.commercial_partner_id.id,
            "amount": self.net_amount,
            "currency_id": self.currency_id.id,
            "company_id": self.company_id.id,
            "journal_id": journal.id,
            "payment_method_line_id": method_line.id,
            "memo": " - ".join(filter(None, (self.name, self.provider_reference))),
            "date": self.company_id._get_groupbuy_date(self.ended_at),
        }
        if not self.currency_id.is_zero(self.fee):
            account = self.company_id._groupbuy_get_book(
                "groupbuy_payout_fee_account_id"
            )
            vals["write_off_line_vals"] = [
                {
                    "name": self.env._("Payout Fee"),
                    "account_id": account.id,
                    "partner_id": self.payee_id.commercial_partner_id.id,
                    "currency_id": self.currency_id.id,
                    "amount_currency": -self.fee,
                    "balance": -self.fee,
                }
            ]
        return vals

    def _get_payment_journal(self):
        """:return: (journal, payment method line) that the money leaves"""
        journal = self.provider_id.journal_id
        # The provider has one line for both directions, as its refunds have.
        line = journal.inbound_payment_method_line_ids.filtered(
            lambda line: line.payment_provider_id == self.provider_id
        )
        if not line or not self.provider_id:
            journal = self.company_id._groupbuy_get_book("groupbuy_payout_journal_id")
            line = journal.outbound_payment_method_line_ids
        return journal, line[:1]

    def action_view_payment(self):
        """:return: the action that opens the payment in the accounts"""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "account.payment",
            "res_id": self.payment_id.id,
            "view_mode": "form",
        }
