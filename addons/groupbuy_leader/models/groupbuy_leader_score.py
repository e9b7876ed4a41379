from datetime import timedelta

from odoo import api, fields, models

SCORE_DAYS = 90
# What a leader's score is the average of: what went wrong, of how many.
RATES = (("late", "arrivals"), ("short", "arrivals"), ("uncollected", "brought"))
SUMS = ("turnover", "orders", "brought", "uncollected", "arrivals", "late", "short")


class GroupbuyLeader(models.Model):
    """What a leader's points did in the last 90 days, as of last night."""

    _inherit = "groupbuy.leader"

    currency_id = fields.Many2one(related="company_id.currency_id")
    turnover = fields.Monetary(readonly=True, copy=False)
    orders = fields.Integer(readonly=True, copy=False)
    customers = fields.Integer(readonly=True, copy=False)
    brought = fields.Integer(string="Orders Brought", readonly=True, copy=False)
    uncollected = fields.Integer(readonly=True, copy=False)
    arrivals = fields.Integer(readonly=True, copy=False)
    late = fields.Integer(string="Late Arrivals", readonly=True, copy=False)
    short = fields.Integer(string="Arrivals with a Shortage", readonly=True, copy=False)
    score = fields.Float(
        readonly=True,
        copy=False,
        digits=(5, 1),
        aggregator="avg",
        help="0 to 100: the average of arrivals recorded on the day, arrivals without "
        "a shortage, and orders collected in time.",
    )

    @api.model
    def _read_figures(self, leaders, days):
        """What leaders' points did in the last days.

        :param leaders: `groupbuy.leader` records
        :param int days: back from now
        :return: {leader: {"customers": people, "turnover": with tax, in the company's
            currency, and the other sums of `groupbuy.leader.report`}}; without what
            leaders bought themselves
        """
        groups = self.env["groupbuy.leader.report"]._read_group(
            [
                ("leader_id", "in", leaders.ids),
                ("date", ">=", fields.Datetime.now() - timedelta(days=days)),
            ],
            ["leader_id"],
            ["customer_id:count_distinct", *(f"{name}:sum" for name in SUMS)],
        )
        figures = {leader: dict.fromkeys(("customers", *SUMS), 0) for leader in leaders}
        for leader, *values in groups:
            figures[leader] = dict(
                zip(("customers", *SUMS), (value or 0 for value in values), strict=True)
            )
            figures[leader]["turnover"] = leader.company_id.currency_id.round(
                figures[leader]["turnover"]
            )
        return figures

    @api.model
    def get_map_points(self):
        """List the points that are led, for the operators' map.

        :return: [{"id": of the point, "name", "latitude", "longitude": 0.0 for none,
            "leader_id", "leader", "level": str, "turnover": str, of the leader in the
            last 90 days, "score": 0 to 100}], the leader who sold most first
        :raise AccessError: the user is no operator
        """
        self.check_access("read")
        points = self.env["groupbuy.pickup.point"].search([("leader_id", "!=", False)])
        return [
            {
                "id": point.id,
                "name": point.name,
                "latitude": point.latitude,
                "longitude": point.longitude,
                "leader_id": leader.id,
                "leader": leader.name,
                "level": leader.level_id.name or "",
                "turnover": leader.currency_id.format(leader.turnover),
                "score": leader.score,
            }
            for point, leader in sorted(
                ((point, point.leader_id) for point in points),
                key=lambda pair: (-pair[1].turnover, pair[1].id, pair[0].id),
            )
        ]

    def _update_scores(self):
        """Write what these leaders did in the last 90 days."""
        for leader, figures in self._read_figures(self, SCORE_DAYS).items():
            vals = {**figures, "score": self._rate(figures)}
            changed = {
                name: value for name, value in vals.items() if leader[name] != value
            }
            if changed:
                leader.write(changed)

    @api.model
    def _rate(self, figures):
        """:return: 0 to 100; 0.0 where there is nothing to judge yet"""
        rates = [
            1 - figures[bad] / figures[all_of]
            for bad, all_of in RATES
            if figures[all_of]
        ]
        return round(100 * sum(rates) / len(rates), 1) if rates else 0.0
