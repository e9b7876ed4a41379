from odoo import api, models
from odoo.tools import SQL


class GroupbuyMoney(models.AbstractModel):
    """Where the money is: every figure from the documents, and from the general ledger.

    Orders of group buys and those collected at a pickup point count, in the company's
    currency; amounts are with tax.
    """

    _name = "groupbuy.money"
    _description = "Group-buy Money"

    @api.model
    def _get_figures(self, company):
        """Hook for others to add figures.

        :return: {name: (amount by the documents, amount by the general ledger)}
        """
        self.env.flush_all()
        figures, invoiced = self._query_orders(company)
        expenses = 0.0
        for role in ("merchant", "leader"):
            unsettled, billed, owed, bills, expense = self._query_role(company, role)
            figures[role] = (unsettled + billed, owed + bills)
            figures[f"{role}_unsettled"] = (unsettled, owed)
            figures[f"{role}_billed"] = (billed, bills)
            expenses += expense
        platform, foreign = self._query_platform(company)
        figures["platform"] = (platform, invoiced - expenses + foreign)
        return figures

    @api.model
    def _query_platform(self, company):
        """:return: (the platform's shares, what others have earned from orders in other
        currencies, whose invoices are not among the figures)"""
        [row] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(SUM(e.amount) FILTER (
                         WHERE e.role = 'platform' AND e.kind <> 'wallet'
                           AND NOT e.is_foreign), 0)::float,
                       COALESCE(SUM(e.amount) FILTER (
                         WHERE e.role <> 'platform' AND e.is_foreign), 0)::float
                  FROM (SELECT e.role, e.kind, e.amount,
                               COALESCE(o.currency_id <> %s, FALSE) AS is_foreign
                          FROM groupbuy_ledger_entry AS e
                     LEFT JOIN sale_order AS o ON o.id = e.order_id
                         WHERE e.company_id = %s) AS e
                """,
                company.currency_id.id,
                company.id,
            )
        )
        return row

    @api.model
    def _get_orders_sql(self, company):
        """:return: SQL of common tables: `orders`, their `payments` and `refunds` that
        are done, and their posted `invoices`, one row per order and invoice"""
        return SQL(
            """
            orders AS (
              SELECT o.id, o.name, o.state, o.amount_total,
                     o.groupbuy_received_at IS NOT NULL AND o.state = 'sale' AS received
                FROM sale_order AS o
                JOIN res_company AS c ON c.id = o.company_id
               WHERE o.company_id = %s AND o.currency_id = c.currency_id
                 AND (o.groupbuy_campaign_id IS NOT NULL
                      OR o.pickup_point_id IS NOT NULL)
            ), payments AS (
              SELECT rel.sale_order_id AS order_id, t.id, t.amount, t.payment_id
                FROM sale_order_transaction_rel AS rel
                JOIN orders ON orders.id = rel.sale_order_id
                JOIN payment_transaction AS t ON t.id = rel.transaction_id
               WHERE t.state = 'done' AND t.operation NOT IN ('refund', 'validation')
            ), refunds AS (
              SELECT payments.order_id, t.id, t.amount, t.payment_id, t.state
                FROM payment_transaction AS t
                JOIN payments ON payments.id = t.source_transaction_id
               WHERE t.operation = 'refund' AND t.state <> 'cancel'
            ), invoices AS (
              SELECT DISTINCT l.order_id, m.id, m.move_type, m.amount_total_signed
                FROM sale_order_line AS l
                JOIN orders ON orders.id = l.order_id
                JOIN sale_order_line_invoice_rel AS rel ON rel.order_line_id = l.id
                JOIN account_move_line AS i ON i.id = rel.invoice_line_id
                JOIN account_move AS m ON m.id = i.move_id
               WHERE m.state = 'posted'
            )
            """,
            company.id,
        )

    @api.model
    def _query_orders(self, company):
        """:return: (figures of orders, what was invoiced for orders that were received,
        whether paid by wallet or not)

        What an order's money is due for is what was invoiced; before that, what it
        costs. The rest of it is on its way back.
        """
        [row] = self.env.execute_query(
            SQL(
                """
                WITH %(orders)s, booked AS (
                  SELECT p.id, SUM(l.balance) AS balance
                    FROM account_payment AS p
                    JOIN account_move_line AS l ON l.move_id = p.move_id
                    JOIN account_account AS a ON a.id = l.account_id
                   WHERE a.account_type = 'asset_receivable'
                     AND l.parent_state = 'posted'
                     AND p.id IN (SELECT payment_id FROM payments
                                   UNION SELECT payment_id FROM refunds)
                GROUP BY p.id
                ), paid AS (
                  SELECT p.order_id, SUM(p.amount) AS amount,
                         SUM(COALESCE(-b.balance, 0)) AS booked
                    FROM payments AS p
               LEFT JOIN booked AS b ON b.id = p.payment_id
                GROUP BY p.order_id
                ), returned AS (
                  SELECT r.order_id,
                         SUM(CASE WHEN r.state = 'done' THEN -r.amount ELSE 0 END)
                             AS done,
                         SUM(CASE WHEN r.state = 'done' THEN 0 ELSE -r.amount END)
                             AS under_way,
                         SUM(COALESCE(b.balance, 0)) AS booked
                    FROM refunds AS r
               LEFT JOIN booked AS b ON b.id = r.payment_id
                GROUP BY r.order_id
                ), billed AS (
                  SELECT i.order_id,
                         SUM(CASE WHEN a.account_type = 'asset_receivable'
                                  THEN l.balance ELSE 0 END) AS amount,
                         SUM(CASE WHEN a.id = %(wallet)s
                                  THEN l.balance ELSE 0 END) AS wallet
                    FROM invoices AS i
                    JOIN account_move_line AS l ON l.move_id = i.id
                    JOIN account_account AS a ON a.id = l.account_id
                GROUP BY i.order_id
                ), money AS (
                  SELECT o.id, o.received, paid.order_id IS NOT NULL AS is_paid,
                         paid.amount AS paid, paid.booked AS paid_booked,
                         COALESCE(returned.done, 0) AS returned,
                         COALESCE(returned.under_way, 0) AS under_way,
                         COALESCE(returned.booked, 0) AS returned_booked,
                         COALESCE(billed.amount + billed.wallet, 0) AS billed,
                         COALESCE(billed.amount, CASE WHEN o.state = 'sent'
                             THEN o.amount_total ELSE 0 END) AS due
                    FROM orders AS o
               LEFT JOIN paid ON paid.order_id = o.id
               LEFT JOIN returned ON returned.order_id = o.id
               LEFT JOIN billed ON billed.order_id = o.id
                )
                SELECT SUM(paid), SUM(paid_booked),
                       SUM(returned), SUM(returned_booked),
                       SUM(under_way) FILTER (WHERE is_paid),
                       SUM(paid_booked - returned_booked - due),
                       SUM(paid - returned - under_way) FILTER (WHERE NOT received),
                       SUM(due) FILTER (WHERE is_paid AND NOT received),
                       SUM(billed) FILTER (WHERE received)
                  FROM money
                """,
                orders=self._get_orders_sql(company),
                wallet=self._get_wallet_account(company).id or 0,
            )
        )
        sums = [float(value or 0) for value in row]
        names = ("received", "refunded", "refunding", "held")
        pairs = zip(sums[:8:2], sums[1:8:2], strict=True)
        return dict(zip(names, pairs, strict=True)), sums[8]

    @api.model
    def _get_wallet_account(self, company):
        """:return: the liability account of the residents' wallets, or none"""
        return self.env["account.account"]

    @api.model
    def _query_role(self, company, role):
        """:return: for a role: shares not settled, and settlements not paid, by the
        documents; liability, open bills, and expense by the general ledger"""
        [documents] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE((SELECT SUM(e.amount) FROM groupbuy_ledger_entry AS e
                           LEFT JOIN groupbuy_settlement AS s ON s.id = e.settlement_id
                               WHERE e.company_id = %(company)s AND e.role = %(role)s
                                 AND (s.id IS NULL OR s.state = 'draft')), 0)::float,
                       COALESCE((SELECT SUM(amount_open) FROM groupbuy_settlement
                                  WHERE company_id = %(company)s AND role = %(role)s
                                    AND state <> 'draft'), 0)::float
                """,
                company=company.id,
                role=role,
            )
        )
        [ledger] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(-SUM(l.balance) FILTER
                           (WHERE l.account_id = %(liability)s), 0)::float,
                       COALESCE(-SUM(l.amount_residual) FILTER
                           (WHERE a.account_type = 'liability_payable'
                              AND s.id IS NOT NULL), 0)::float,
                       COALESCE(SUM(l.balance) FILTER
                           (WHERE l.account_id = %(expense)s), 0)::float
                  FROM account_move_line AS l
                  JOIN account_account AS a ON a.id = l.account_id
             LEFT JOIN groupbuy_settlement AS s
                    ON s.move_id = l.move_id AND s.role = %(role)s
                 WHERE l.company_id = %(company)s AND l.parent_state = 'posted'
                   AND (s.id IS NOT NULL
                        OR l.account_id IN (%(liability)s, %(expense)s))
                """,
                company=company.id,
                role=role,
                liability=company[f"groupbuy_{role}_account_id"].id or 0,
                expense=company[f"groupbuy_{role}_expense_account_id"].id or 0,
            )
        )
        return (*documents, *ledger)
