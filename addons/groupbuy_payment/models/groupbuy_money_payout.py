from odoo import api, models
from odoo.tools import SQL

from .groupbuy_money_check import SHOWN


class GroupbuyMoney(models.AbstractModel):
    """Payouts and wallets among the figures and the rules."""

    _inherit = "groupbuy.money"

    @api.model
    def _get_wallet_account(self, company):
        """Override: the account is the company's."""
        return company.groupbuy_wallet_account_id

    @api.model
    def _get_tiles(self, company):
        """Override to add payouts in transit and the residents' wallets."""
        payouts = "groupbuy_payment.groupbuy_payout_action"
        own = [("company_id", "=", company.id)]
        sent = [*own, ("state", "in", ("sent", "awaiting"))]
        transit = [
            *own,
            ("method", "in", ("bank_file", "manual")),
            *("|", "&", ("state", "=", "paid"), ("is_matched", "=", False)),
            *("&", ("state", "=", "returned"), ("return_is_matched", "=", False)),
        ]
        wallets = self._get_action(
            "loyalty.loyalty_card_action",
            [("program_id", "=", company.groupbuy_wallet_program_id.id)],
            self.env._("Residents' Wallets"),
        )
        return [
            *super()._get_tiles(company),
            {
                "name": "wallets",
                "label": self.env._("Residents' Wallets"),
                "help": self.env._("What residents may still spend, or have reserved."),
                "action": wallets,
            },
            {
                "name": "transit",
                "label": self.env._("In Transit"),
                "help": self.env._(
                    "Paid through the bank, on no statement of it yet. What was sent "
                    "and is not paid yet is still owed."
                ),
                "action": self._get_action(payouts, transit, self.env._("In Transit")),
                "parts": [
                    {
                        "name": "payouts_sent",
                        "label": self.env._("Sent, not paid yet"),
                        "action": self._get_action(
                            payouts, sent, self.env._("Sent, Not Paid Yet")
                        ),
                    }
                ],
            },
        ]

    @api.model
    def _get_figures(self, company):
        """Override to add payouts in transit and the residents' wallets."""
        figures = super()._get_figures(company)
        [(wallets, reserved, owed, transit, sent, on_transit)] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE((SELECT SUM(points) FROM loyalty_card
                                  WHERE program_id = %(program)s), 0)::float,
                       COALESCE((
                         SELECT SUM(l.untaxed_amount_invoiced - l.price_subtotal)
                           FROM sale_order_line AS l
                           JOIN sale_order AS o ON o.id = l.order_id
                           JOIN loyalty_reward AS r ON r.id = l.reward_id
                          WHERE r.program_id = %(program)s
                            AND o.company_id = %(company)s
                            AND (o.state = 'sale'
                                 OR (o.state = 'sent' AND o.groupbuy_points_taken))
                       ), 0)::float,
                       COALESCE((SELECT -SUM(balance) FROM account_move_line
                                  WHERE account_id = %(account)s
                                    AND company_id = %(company)s
                                    AND parent_state = 'posted'), 0)::float,
                       COALESCE((
                         SELECT SUM(CASE WHEN p.state = 'paid' THEN p.net_amount
                                         ELSE -p.net_amount END)
                           FROM groupbuy_payout AS p
                           JOIN account_payment AS a ON a.id = p.payment_id
                          WHERE p.company_id = %(company)s
                            AND p.method IN ('bank_file', 'manual')
                            AND (p.state = 'paid' AND a.is_matched IS NOT TRUE
                                 OR p.state = 'returned'
                                    AND p.return_is_matched IS NOT TRUE)
                       ), 0)::float,
                       COALESCE((SELECT SUM(amount) FROM groupbuy_payout
                                  WHERE company_id = %(company)s
                                    AND state IN ('sent', 'awaiting')), 0)::float,
                       COALESCE((SELECT -SUM(balance) FROM account_move_line
                                  WHERE account_id = %(transit)s
                                    AND company_id = %(company)s
                                    AND parent_state = 'posted'), 0)::float
                """,
                company=company.id,
                program=company.groupbuy_wallet_program_id.id or 0,
                account=company.groupbuy_wallet_account_id.id or 0,
                transit=company.groupbuy_transit_account_id.id or 0,
            )
        )
        return {
            **figures,
            "wallets": (wallets + reserved, owed),
            "transit": (transit, on_transit),
            "payouts_sent": (sent, sent),
        }

    @api.model
    def _get_rules(self):
        """Override to add the rules of payouts."""
        return [
            *super()._get_rules(),
            (
                "payouts",
                self.env._("Each payout that was paid is booked with what was paid."),
                self._find_payouts,
            ),
            (
                "pending",
                self.env._("Nobody has more on its way than open bills."),
                self._find_overdrawn,
            ),
        ]

    @api.model
    def _find_payouts(self, company):
        return self.env.execute_query(
            SQL(
                """
                SELECT 'groupbuy.payout', p.id, p.name, p.net_amount::float,
                       COALESCE(a.amount, 0)::float
                  FROM groupbuy_payout AS p
             LEFT JOIN account_payment AS a ON a.id = p.payment_id
             LEFT JOIN account_move AS m ON m.id = a.move_id
             LEFT JOIN account_move AS r ON r.id = p.return_move_id
                 WHERE p.company_id = %s
                   AND (p.state = 'paid' AND a.id IS NULL
                        OR p.state NOT IN ('paid', 'returned') AND a.id IS NOT NULL
                        OR a.amount <> p.net_amount OR m.state <> 'posted'
                        OR (r.state IS NOT DISTINCT FROM 'posted')
                           <> (p.state = 'returned' AND a.id IS NOT NULL))
              ORDER BY p.id
                 LIMIT %s
                """,
                company.id,
                SHOWN,
            )
        )

    @api.model
    def _find_overdrawn(self, company):
        return self.env.execute_query(
            SQL(
                """
                SELECT 'res.partner', r.id, r.name, COALESCE(owed.amount, 0)::float,
                       pending.amount::float
                  FROM (SELECT payee_id, SUM(amount) AS amount
                          FROM groupbuy_payout
                         WHERE company_id = %(company)s
                           AND (state IN ('requested', 'approved', 'sent', 'awaiting')
                                OR state = 'paid' AND payment_id IS NULL)
                      GROUP BY payee_id) AS pending
                  JOIN res_partner AS r ON r.id = pending.payee_id
             LEFT JOIN (SELECT s.payee_id, SUM(m.amount_residual) AS amount
                          FROM groupbuy_settlement AS s
                          JOIN account_move AS m ON m.id = s.move_id
                         WHERE s.company_id = %(company)s AND m.state = 'posted'
                      GROUP BY s.payee_id) AS owed ON owed.payee_id = r.id
                 WHERE pending.amount > COALESCE(owed.amount, 0)
              ORDER BY r.id
                 LIMIT %(limit)s
                """,
                company=company.id,
                limit=SHOWN,
            )
        )
