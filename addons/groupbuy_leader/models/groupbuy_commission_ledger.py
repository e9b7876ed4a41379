from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

STATES = [
    ("estimated", "Expected"),
    ("frozen", "Frozen"),
    ("available", "To Settle"),
    ("settled", "Settled"),
    ("reversed", "Taken Back"),
]
# By the kind of the ledger's entries.
LEDGER_KINDS = {"service": "commission", "referral": "referral"}


class GroupbuyCommission(models.Model):
    """What the share ledger says about commissions: they say nothing of their own."""

    _inherit = "groupbuy.commission"

    state = fields.Selection(STATES, compute="_compute_state", search="_search_state")
    earned = fields.Monetary(
        string="In the Ledger",
        compute="_compute_state",
        help="What the share ledger says: nothing before the goods were received.",
    )
    available_on = fields.Date(
        compute="_compute_state",
        help="From this day on it is settled, unless somebody complains.",
    )

    @api.depends("amount")
    def _compute_state(self):
        self._flush_for_state()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT c.id, found.state, found.earned, found.available_on
                  FROM groupbuy_commission AS c, LATERAL (%s) AS found
                 WHERE c.id IN %s
                """,
                self._get_state_sql(SQL.identifier("c")),
                tuple(self.ids) or (0,),
            )
        )
        found = {row[0]: row[1:] for row in rows}
        for commission in self:
            state, earned, day = found.get(commission.id, ("estimated", 0, False))
            commission.state = state
            commission.earned = float(earned)
            commission.available_on = day

    def _search_state(self, operator, value):
        if operator != "in":
            return NotImplemented
        self._flush_for_state()
        states = tuple(value) or ("",)
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "(SELECT found.state FROM (%s) AS found) IN %s",
                model._get_state_sql(SQL.identifier(alias)),
                states,
            )
        )

    def _flush_for_state(self):
        self.flush_model()
        self.env["groupbuy.ledger.entry"].flush_model()
        self.env["groupbuy.claim.line"].flush_model()
        self.env["groupbuy.claim"].flush_model(["withdrawn_at"])
        self.env["sale.order"].flush_model(["state", "groupbuy_received_at"])

    @api.model
    def _get_state_sql(self, alias):
        """:param alias: SQL, of the commissions
        :return: SQL of one row: state, earned and available_on"""
        today = self.env.company.sudo()._get_groupbuy_date()
        return SQL(
            """
            SELECT CASE WHEN COALESCE(SUM(e.amount), 0) = 0 THEN
                        CASE WHEN o.state = 'cancel' OR %(c)s.quantity = 0
                                  OR %(c)s.leader_id IS NULL
                             THEN 'reversed'
                             WHEN o.groupbuy_received_at IS NULL THEN 'estimated'
                             WHEN %(c)s.amount <> 0 THEN 'frozen'
                             WHEN COUNT(e.id) = 0 THEN 'settled'
                             ELSE 'reversed' END
                        WHEN COUNT(e.id) FILTER
                             (WHERE e.settlement_id IS NULL AND e.amount > 0) = 0
                        THEN 'settled'
                        WHEN bool_or(e.amount > 0 AND %(open)s) THEN 'available'
                        ELSE 'frozen' END AS state,
                   COALESCE(SUM(e.amount), 0) AS earned,
                   MAX(e.available_on) FILTER (WHERE e.settlement_id IS NULL)
                       AS available_on
              FROM sale_order AS o
         LEFT JOIN groupbuy_leader AS leader ON leader.id = %(c)s.leader_id
         LEFT JOIN groupbuy_ledger_entry AS e
                ON e.sale_line_id = %(c)s.sale_line_id
               AND e.payee_id = leader.partner_id AND e.role = 'leader'
               AND e.kind = CASE %(c)s.kind WHEN 'service' THEN 'commission'
                                            ELSE %(c)s.kind END
             WHERE o.id = %(c)s.order_id
          GROUP BY o.id
            """,
            c=alias,
            open=self.env["groupbuy.ledger.entry"]._get_settleable_condition(today),
        )

    @api.model
    def _sum_expected(self, leader):
        """:return: what a leader can expect of orders that have not been received, in
        the company's currency"""
        self._flush_for_state()
        [(amount,)] = self.env.execute_query(
            SQL(
                """
                SELECT COALESCE(SUM(c.amount), 0)::float
                  FROM groupbuy_commission AS c
                  JOIN sale_order AS o ON o.id = c.order_id
                 WHERE c.leader_id = %s AND o.state <> 'cancel'
                   AND o.groupbuy_received_at IS NULL
                """,
                leader.id,
            )
        )
        return leader.company_id.currency_id.round(amount)
