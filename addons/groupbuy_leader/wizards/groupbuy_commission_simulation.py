from collections import defaultdict
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import SQL

CHUNK = 2000


class GroupbuyCommissionSimulation(models.TransientModel):
    """What a rule would have cost, had it stood in its place on the orders of a time.

    The same rules and the same sums as for real commission, on the same order lines.
    Archived rules can be tried before they are made active. Leaders' levels are
    today's, and so is what has been refunded.
    """

    _name = "groupbuy.commission.simulation"
    _description = "Commission Simulation"

    rule_id = fields.Many2one(
        "groupbuy.commission.rule",
        required=True,
        ondelete="cascade",
        context={"active_test": False},
    )
    company_id = fields.Many2one(related="rule_id.company_id")
    currency_id = fields.Many2one(related="rule_id.company_id.currency_id")
    kind = fields.Selection(related="rule_id.kind")
    date_from = fields.Date(
        string="Paid From",
        required=True,
        default=lambda self: self._get_last_month()[0],
        help="The rule's own dates do not matter here.",
    )
    date_to = fields.Date(
        string="Until", required=True, default=lambda self: self._get_last_month()[1]
    )
    order_count = fields.Integer(
        string="Orders", compute="_compute_line_ids", store=True
    )
    line_count = fields.Integer(
        string="Order Lines", compute="_compute_line_ids", store=True
    )
    amount = fields.Monetary(
        string="With This Rule", compute="_compute_line_ids", store=True
    )
    actual = fields.Monetary(
        string="Without It",
        compute="_compute_line_ids",
        store=True,
        help="What leaders got of the same order lines.",
    )
    difference = fields.Monetary(compute="_compute_line_ids", store=True)
    line_ids = fields.One2many(
        "groupbuy.commission.simulation.line",
        "simulation_id",
        string="Leaders",
        compute="_compute_line_ids",
        store=True,
    )

    @api.model
    def _get_last_month(self):
        today = self.env.company._get_groupbuy_date()
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last

    @api.depends("rule_id", "date_from", "date_to")
    def _compute_line_ids(self):
        for simulation in self:
            sums, orders = simulation._simulate()
            rows = [
                {
                    "leader_id": leader.id,
                    "line_count": count,
                    "base": base,
                    "amount": amount,
                    "actual": actual,
                }
                for leader, (count, base, amount, actual) in sums.items()
            ]
            simulation.order_count = len(orders)
            for name in ("line_count", "amount", "actual"):
                simulation[name] = sum(row[name] for row in rows)
            simulation.difference = simulation.amount - simulation.actual
            simulation.line_ids = [
                Command.clear(),
                *(Command.create(row) for row in rows),
            ]

    def _simulate(self):
        """:return: ({leader: [order lines, base, commission, what it was in fact]},
        the ids of the orders)"""
        self.env.user._groupbuy_check_operator()
        rule = self.rule_id._origin
        if not (rule and self.date_from and self.date_to):
            return {}, set()
        if rule.company_id not in self.env.companies:
            raise UserError(self.env._("This rule is another company's."))
        sums, orders = defaultdict(lambda: [0, 0.0, 0.0, 0.0]), set()
        # Only sums are shown, to operators.
        simulation = self.sudo()
        ids = simulation._find_lines(rule)
        rules = (
            self.env["groupbuy.commission.rule"]._get_rules(rule.company_id, rule.kind)
            | rule.sudo()
        ).sorted(lambda own: (own.sequence, own.id))
        for first in range(0, len(ids), CHUNK):
            lines = simulation.env["sale.order.line"].browse(ids[first : first + CHUNK])
            for line, leader, base, amount, actual in simulation._reckon(
                rule.sudo(), rules, lines
            ):
                row = sums[leader]
                for at, value in enumerate((1, base, amount, actual)):
                    row[at] += value
                orders.add(line.order_id.id)
            # Months of orders do not fit into memory at once.
            simulation.env["sale.order.line"].invalidate_model(flush=False)
            simulation.env["sale.order"].invalidate_model(flush=False)
        round_ = rule.company_id.currency_id.round
        return {
            leader: [count, *map(round_, amounts)]
            for leader, (count, *amounts) in sums.items()
        }, orders

    def _find_lines(self, rule):
        """:return: the ids of the order lines paid in this time on which a leader earns
        what this rule is about"""
        self.env.flush_all()
        zone = pytz.timezone(rule.company_id._get_groupbuy_zone())
        begin, end = (
            zone.localize(datetime.combine(day, time.min))
            .astimezone(pytz.utc)
            .replace(tzinfo=None)
            for day in (self.date_from, self.date_to + timedelta(days=1))
        )
        earner = {"service": "groupbuy_leader_id", "referral": "groupbuy_referrer_id"}
        rows = self.env.execute_query(
            SQL(
                """
                SELECT l.id
                  FROM sale_order_line AS l
                  JOIN sale_order AS o ON o.id = l.order_id
                 WHERE o.company_id = %s AND %s IS NOT NULL
                   AND o.state IN ('sent', 'sale')
                   AND o.groupbuy_commission_at >= %s
                   AND o.groupbuy_commission_at < %s
                   AND l.display_type IS NULL AND l.reward_id IS NULL
                   AND l.groupbuy_allowance_of_id IS NULL
                   AND l.is_delivery IS NOT TRUE
              ORDER BY l.order_id, l.id
                """,
                rule.company_id.id,
                SQL.identifier("o", earner[rule.kind]),
                begin,
                end,
            )
        )
        return [row[0] for row in rows]

    def _reckon(self, rule, rules, lines):
        """:return: [(order line, leader, base, commission, what it was in fact)] of the
        lines that this rule would take, in the company's currency"""
        leaders = {
            order: leader
            for order in lines.order_id
            if (leader := order._groupbuy_get_earner(rule.kind))
        }
        lines = lines.filtered(lambda line: line.order_id in leaders)
        found = rules._match(lines, leaders, always=rule)
        lines = lines.filtered(lambda line: found[line] == rule)
        unit = rule.currency_id.rounding
        actual = {"service": {}, "referral": {}}
        for line, kind, amount in self.env["groupbuy.commission"]._read_group(
            [("sale_line_id", "in", lines.ids)],
            ["sale_line_id", "kind"],
            ["amount:sum"],
        ):
            actual[kind][line] = amount
        result = []
        for line, total in lines._groupbuy_get_commission_bases(received=False).items():
            left = units = round(total / unit)
            if rule.kind == "referral":
                left -= round(actual["service"].get(line, 0.0) / unit)
            base = rule._get_base(line, units)
            amount = rule._reckon(base, line._groupbuy_get_pieces(), left)
            before = actual[rule.kind].get(line, 0.0)
            result.append(
                (line, leaders[line.order_id], base * unit, amount * unit, before)
            )
        return result


class GroupbuyCommissionSimulationLine(models.TransientModel):
    _name = "groupbuy.commission.simulation.line"
    _description = "Simulated Commission of a Leader"
    _order = "amount desc, id"

    simulation_id = fields.Many2one(
        "groupbuy.commission.simulation", required=True, ondelete="cascade"
    )
    leader_id = fields.Many2one("groupbuy.leader", readonly=True, ondelete="cascade")
    line_count = fields.Integer(string="Order Lines", readonly=True)
    base = fields.Monetary(readonly=True)
    amount = fields.Monetary(string="With This Rule", readonly=True)
    actual = fields.Monetary(string="Without It", readonly=True)
    currency_id = fields.Many2one(related="simulation_id.currency_id")
