from odoo import fields, models
from odoo.tools import SQL


class GroupbuyLeaderReport(models.Model):
    """How leaders work: a row for each order and for each arrival at their points."""

    _name = "groupbuy.leader.report"
    _description = "Leaders' Figures"
    _auto = False
    _order = "date desc"
    _rec_name = "leader_id"
    _depends = {
        "sale.order": [
            "groupbuy_leader_id", "company_id", "pickup_point_id", "date_order",
            "groupbuy_status", "amount_total", "currency_rate", "partner_id", "state",
            "groupbuy_ready_at", "groupbuy_returned_at", "groupbuy_collect_until",
        ],
        "stock.picking": [
            "groupbuy_leader_id", "company_id", "pickup_point_id", "date_done",
            "groupbuy_arrived_at", "scheduled_date", "groupbuy_kind", "state",
        ],
        "groupbuy.arrival.issue": ["picking_id", "kind"],
        "groupbuy.leader": ["partner_id"],
    }  # fmt: skip

    leader_id = fields.Many2one("groupbuy.leader", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    point_id = fields.Many2one("groupbuy.pickup.point", readonly=True)
    date = fields.Datetime(readonly=True)
    orders = fields.Integer(readonly=True, help="Confirmed, not given back whole.")
    turnover = fields.Monetary(readonly=True, help="With tax, as confirmed.")
    customer_id = fields.Many2one(
        "res.partner", string="Customers", readonly=True, aggregator="count_distinct"
    )
    brought = fields.Integer(
        string="Orders Brought", readonly=True, help="To the point, to be collected."
    )
    uncollected = fields.Integer(
        readonly=True, help="Orders brought that nobody collected in time."
    )
    arrivals = fields.Integer(readonly=True)
    late = fields.Integer(
        string="Late Arrivals",
        readonly=True,
        help="Not recorded on the day on which the goods left or were due.",
    )
    short = fields.Integer(
        string="Arrivals with a Shortage",
        readonly=True,
        help="Something was short or damaged.",
    )

    @property
    def _table_query(self):
        return SQL("%s UNION ALL %s", self._query_orders(), self._query_arrivals())

    def _query_orders(self):
        """What leaders buy themselves is no work of theirs."""
        return SQL(
            """
            SELECT o.id * 2 AS id,
                   o.groupbuy_leader_id AS leader_id,
                   o.company_id,
                   company.currency_id,
                   o.pickup_point_id AS point_id,
                   o.date_order AS date,
                   CASE WHEN o.groupbuy_status != 'refunded' THEN 1 ELSE 0 END
                     AS orders,
                   CASE WHEN o.groupbuy_status != 'refunded'
                        THEN o.amount_total / COALESCE(NULLIF(o.currency_rate, 0), 1)
                        ELSE 0 END AS turnover,
                   CASE WHEN o.groupbuy_status != 'refunded' THEN o.partner_id END
                     AS customer_id,
                   CASE WHEN o.groupbuy_ready_at IS NOT NULL
                          OR o.groupbuy_returned_at IS NOT NULL
                        THEN 1 ELSE 0 END AS brought,
                   CASE WHEN o.groupbuy_returned_at IS NOT NULL
                          OR o.groupbuy_status = 'ready'
                         AND o.groupbuy_collect_until < %(now)s
                        THEN 1 ELSE 0 END AS uncollected,
                   0 AS arrivals, 0 AS late, 0 AS short
              FROM sale_order AS o
              JOIN groupbuy_leader AS leader ON leader.id = o.groupbuy_leader_id
              JOIN res_company AS company ON company.id = o.company_id
             WHERE o.state = 'sale' AND o.partner_id != leader.partner_id
            """,
            now=fields.Datetime.now(),
        )

    def _query_arrivals(self):
        """Days are those of where the company works."""
        return SQL(
            """
            SELECT picking.id * 2 + 1,
                   picking.groupbuy_leader_id,
                   picking.company_id,
                   company.currency_id,
                   picking.pickup_point_id,
                   picking.date_done,
                   0, 0, NULL, 0, 0,
                   1,
                   CASE WHEN (COALESCE(picking.groupbuy_arrived_at, %(now)s)
                              AT TIME ZONE 'UTC' AT TIME ZONE zone.name)::date
                           > (GREATEST(picking.date_done, picking.scheduled_date)
                              AT TIME ZONE 'UTC' AT TIME ZONE zone.name)::date
                        THEN 1 ELSE 0 END,
                   CASE WHEN EXISTS (
                          SELECT FROM groupbuy_arrival_issue AS issue
                           WHERE issue.picking_id = picking.id
                             AND issue.kind IN ('short', 'damaged'))
                        THEN 1 ELSE 0 END
              FROM stock_picking AS picking
              JOIN groupbuy_leader AS leader ON leader.id = picking.groupbuy_leader_id
              JOIN res_company AS company ON company.id = picking.company_id
              JOIN res_partner AS address ON address.id = company.partner_id,
           LATERAL (SELECT COALESCE(address.tz, 'Asia/Shanghai') AS name) AS zone
             WHERE picking.groupbuy_kind = 'transfer' AND picking.state = 'done'
            """,
            now=fields.Datetime.now(),
        )
