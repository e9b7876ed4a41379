from odoo import api, models
from odoo.tools import SQL

SHOWN = 100


class GroupbuyMoney(models.AbstractModel):
    """The rules that the books obey, and what breaks them.

    Each rule is one statement over everything that there is: it trusts no flag and no
    figure that was stored for it.
    """

    _inherit = "groupbuy.money"

    @api.model
    @api.readonly
    def check_books(self):
        """Prove that every yuan of the current company is where it should be.

        :return: [{"name", "label", "ok", "rows": [{"model", "id", "name", "expected",
            "found"}] of the first that break the rule}]
        :raise AccessError: the user is no operator
        """
        self._check_operator()
        # Names and sums of the current company only, for operators.
        return self.sudo()._check(self.env.company)

    @api.model
    def _check(self, company=None):
        """:return: see :meth:`check_books`"""
        company = company or self.env.company
        self.env.flush_all()
        results = []
        for name, label, find in self._get_rules():
            rows = [
                dict(
                    zip(("model", "id", "name", "expected", "found"), row, strict=True)
                )
                for row in find(company)
            ]
            results.append({"name": name, "label": label, "ok": not rows, "rows": rows})
        return results

    @api.model
    def _get_rules(self):
        """Hook for others to add rules.

        :return: [(name, label, method that takes a company and returns what breaks the
            rule: tuples of model, id, name, expected and found amount)]
        """
        return [
            (
                "orders",
                self.env._("Each order: payments less refunds are what it costs."),
                self._find_orders,
            ),
            (
                "invoices",
                self.env._("Each order: invoices less credit notes are what it costs."),
                self._find_invoices,
            ),
            (
                "booked",
                self.env._("Every payment and refund that was made is booked."),
                self._find_unbooked,
            ),
            (
                "receivable",
                self.env._("Nothing is open between us and residents."),
                self._find_receivables,
            ),
            (
                "shares",
                self.env._("Each order line: its shares add up to it."),
                self._find_shares,
            ),
            (
                "accrual",
                self.env._("Each payee: the liability is what is not billed yet."),
                self._find_accruals,
            ),
            (
                "expense",
                self.env._("Expenses are what merchants and leaders have earned."),
                self._find_expenses,
            ),
            (
                "settlements",
                self.env._("Each settlement: shares, statement and bill agree."),
                self._find_settlements,
            ),
            (
                "figures",
                self.env._("Every figure of the dashboard equals the general ledger."),
                self._find_figures,
            ),
        ]

    @api.model
    def _query(self, company, query):
        """:param query: `SQL` that follows the tables of `_get_orders_sql`"""
        orders = self._get_orders_sql(company)
        return self.env.execute_query(SQL("WITH %s %s LIMIT %s", orders, query, SHOWN))

    @api.model
    def _find_orders(self, company):
        """Refunds that are under way count: the money has left in our books."""
        return self._query(
            company,
            SQL(
                """, money AS (
              SELECT order_id, SUM(amount) AS amount
                FROM (SELECT order_id, amount FROM payments
                       UNION ALL SELECT order_id, amount FROM refunds) AS moved
            GROUP BY order_id
            )
            SELECT 'sale.order', orders.id, orders.name,
                   CASE WHEN orders.state IN ('sale', 'sent')
                        THEN orders.amount_total ELSE 0 END::float,
                   money.amount::float
              FROM money
              JOIN orders ON orders.id = money.order_id
             WHERE money.amount <> CASE WHEN orders.state IN ('sale', 'sent')
                                        THEN orders.amount_total ELSE 0 END
          ORDER BY orders.id
            """,
            ),
        )

    @api.model
    def _find_invoices(self, company):
        return self._query(
            company,
            SQL(
                """, billed AS (
              SELECT order_id, SUM(amount_total_signed) AS amount
                FROM invoices
            GROUP BY order_id
            )
            SELECT 'sale.order', orders.id, orders.name, orders.amount_total::float,
                   billed.amount::float
              FROM billed
              JOIN orders ON orders.id = billed.order_id
             WHERE billed.amount <> orders.amount_total
          ORDER BY orders.id
            """,
            ),
        )

    @api.model
    def _find_unbooked(self, company):
        return self._query(
            company,
            SQL(
                """, moved AS (
              SELECT id, amount, payment_id FROM payments
               UNION SELECT id, amount, payment_id FROM refunds WHERE state = 'done'
            )
            SELECT 'payment.transaction', t.id, t.reference, moved.amount::float,
                   COALESCE(CASE WHEN p.payment_type = 'inbound' THEN p.amount
                                 ELSE -p.amount END, 0)::float
              FROM moved
              JOIN payment_transaction AS t ON t.id = moved.id
         LEFT JOIN account_payment AS p
                ON p.id = moved.payment_id
               AND EXISTS (SELECT FROM account_move AS m
                            WHERE m.id = p.move_id AND m.state = 'posted')
             WHERE p.id IS NULL
                OR moved.amount <> CASE WHEN p.payment_type = 'inbound' THEN p.amount
                                        ELSE -p.amount END
          ORDER BY t.id
            """,
            ),
        )

    @api.model
    def _find_receivables(self, company):
        """What waits for its campaign, or for its refund to be made, is open."""
        return self._query(
            company,
            SQL(
                """, moves AS (
              SELECT order_id, id AS move_id FROM invoices
               UNION SELECT moved.order_id, p.move_id
                FROM (SELECT order_id, payment_id FROM payments
                       UNION SELECT order_id, payment_id FROM refunds) AS moved
                JOIN account_payment AS p ON p.id = moved.payment_id
            ), open AS (
              SELECT moves.order_id, SUM(l.amount_residual) AS amount,
                     bool_or(l.amount_residual <> 0) AS is_open
                FROM moves
                JOIN account_move_line AS l ON l.move_id = moves.move_id
                JOIN account_account AS a ON a.id = l.account_id
               WHERE a.account_type = 'asset_receivable' AND l.parent_state = 'posted'
            GROUP BY moves.order_id
            )
            SELECT 'sale.order', orders.id, orders.name, 0.0, open.amount::float
              FROM open
              JOIN orders ON orders.id = open.order_id
             WHERE open.is_open AND orders.state IN ('sale', 'cancel')
               AND NOT EXISTS (SELECT FROM refunds WHERE refunds.order_id = orders.id
                                  AND refunds.state <> 'done')
          ORDER BY orders.id
            """,
            ),
        )

    @api.model
    def _find_shares(self, company):
        rows = self.env["sale.order"]._groupbuy_find_unsplit(company, SHOWN)
        names = {
            order.id: order.name
            for order in self.env["sale.order"].browse([row[0] for row in rows])
        }
        return [
            ("sale.order", order_id, names[order_id], cost, shares)
            for order_id, cost, shares in rows
        ]

    @api.model
    def _find_accruals(self, company):
        return self._query(
            company,
            SQL(
                """, owed AS (
              SELECT e.payee_id, e.role, SUM(e.amount) AS shares, 0 AS ledger
                FROM groupbuy_ledger_entry AS e
           LEFT JOIN groupbuy_settlement AS s ON s.id = e.settlement_id
           LEFT JOIN account_move AS m ON m.id = s.move_id
               WHERE e.company_id = %(company)s AND e.role <> 'platform'
                 AND (s.id IS NULL OR m.state IS DISTINCT FROM 'posted')
            GROUP BY e.payee_id, e.role
               UNION ALL
              SELECT l.partner_id, CASE WHEN l.account_id = %(merchants)s
                                        THEN 'merchant' ELSE 'leader' END,
                     0, -SUM(l.balance)
                FROM account_move_line AS l
               WHERE l.account_id IN (%(merchants)s, %(leaders)s)
                 AND l.company_id = %(company)s AND l.parent_state = 'posted'
            GROUP BY l.partner_id, l.account_id
            )
            SELECT 'res.partner', p.id, p.name || ' · ' || owed.role,
                   SUM(owed.shares)::float, SUM(owed.ledger)::float
              FROM owed
         LEFT JOIN res_partner AS p ON p.id = owed.payee_id
          GROUP BY p.id, owed.role
            HAVING SUM(owed.shares) <> SUM(owed.ledger)
          ORDER BY p.id
            """,
                company=company.id,
                merchants=company.groupbuy_merchant_account_id.id or 0,
                leaders=company.groupbuy_leader_account_id.id or 0,
            ),
        )

    @api.model
    def _find_expenses(self, company):
        rows = []
        for role in ("merchant", "leader"):
            account = company[f"groupbuy_{role}_expense_account_id"]
            [(earned, booked)] = self.env.execute_query(
                SQL(
                    """
                    SELECT COALESCE((SELECT SUM(amount) FROM groupbuy_ledger_entry
                                      WHERE company_id = %(company)s
                                        AND role = %(role)s), 0)::float,
                           COALESCE((SELECT SUM(balance) FROM account_move_line
                                      WHERE company_id = %(company)s
                                        AND account_id = %(account)s
                                        AND parent_state = 'posted'), 0)::float
                    """,
                    company=company.id,
                    role=role,
                    account=account.id or 0,
                )
            )
            if company.currency_id.compare_amounts(earned, booked):
                rows.append(
                    ("account.account", account.id, account.name, earned, booked)
                )
        return rows

    @api.model
    def _find_settlements(self, company):
        return self._query(
            company,
            SQL(
                """
            SELECT 'groupbuy.settlement', s.id, s.name, s.amount::float,
                   COALESCE(NULLIF(e.amount, s.amount), m.amount_total, 0)::float
              FROM groupbuy_settlement AS s
         LEFT JOIN account_move AS m ON m.id = s.move_id
         LEFT JOIN (SELECT settlement_id, SUM(amount) AS amount
                      FROM groupbuy_ledger_entry
                  GROUP BY settlement_id) AS e ON e.settlement_id = s.id
             WHERE s.company_id = %(company)s
               AND (s.amount IS DISTINCT FROM e.amount
                    OR s.amount IS DISTINCT FROM m.amount_total)
          ORDER BY s.id
            """,
                company=company.id,
            ),
        )

    @api.model
    def _find_figures(self, company):
        figures = self._get_figures(company)
        labels = {tile["name"]: tile["label"] for tile in self._get_tiles(company)}
        return [
            ("groupbuy.money", False, labels[name], amount, ledger)
            for name, (amount, ledger) in figures.items()
            if name in labels and company.currency_id.compare_amounts(amount, ledger)
        ]
