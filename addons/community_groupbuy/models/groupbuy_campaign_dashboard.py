from collections import defaultdict
from datetime import timedelta

import pytz

from odoo import api, fields, models

CAMPAIGNS_SHOWN = 12
STUCK_AFTER = timedelta(minutes=15)


class GroupbuyCampaign(models.Model):
    """What operators watch: progress, what hangs, and the app's first page."""

    _inherit = "groupbuy.campaign"

    progress = fields.Float(
        string="Progress (%)",
        compute="_compute_progress_shown",
        digits=(5, 1),
        help="Of the goal; without a goal, of the pieces for sale.",
    )
    failed_order_ids = fields.Many2many(
        "sale.order",
        string="Orders That Failed",
        compute="_compute_failed_order_ids",
        help="Orders that the closing could not process and does not try again itself.",
    )
    failed_refund_count = fields.Integer(
        string="Failed Refunds",
        compute="_compute_failed_refund_count",
        search="_search_failed_refund_count",
    )
    revenue = fields.Monetary(
        compute="_compute_revenue",
        help="Total of the orders that are paid or confirmed, with tax, less coupons.",
    )

    # === COMPUTES === #

    @api.depends("goal_type", "goal_value", "offer_ids.quota")
    def _compute_progress_shown(self):
        for campaign in self:
            quotas = campaign.offer_ids.mapped("quota")
            if campaign.goal_type != "none":
                campaign.progress = campaign.goal_progress
            elif quotas and all(quotas):
                campaign.progress = 100 * campaign.paid_quantity / sum(quotas)
            else:
                campaign.progress = 0

    def _compute_failed_order_ids(self):
        failed = self._get_waiting_orders().filtered("groupbuy_closing_error")
        by_campaign = failed.grouped("groupbuy_campaign_id")
        for campaign in self:
            campaign.failed_order_ids = by_campaign.get(campaign._origin)

    def _compute_failed_refund_count(self):
        counts = self._count_failed_refunds()
        for campaign in self:
            campaign.failed_refund_count = counts.get(campaign._origin, 0)

    def _search_failed_refund_count(self, operator, value):
        if (operator, value) != (">", 0):
            return NotImplemented
        return [
            ("id", "in", [campaign.id for campaign in self._count_failed_refunds()])
        ]

    @api.model
    def _count_failed_refunds(self):
        """:return: {campaign: refunds that failed}, of those that have any"""
        # Who may read a campaign may know that something is wrong with it.
        tx_model_sudo = self.env["payment.transaction"].sudo()
        groups = tx_model_sudo._read_group(
            self._get_failed_refunds_domain(), ["groupbuy_order_id"], ["__count"]
        )
        counts = defaultdict(int)
        for order_sudo, count in groups:
            counts[order_sudo.groupbuy_campaign_id.sudo(False)] += count
        return counts

    def _compute_revenue(self):
        groups = self.env["sale.order"]._read_group(
            [
                ("groupbuy_campaign_id", "in", self.ids),
                ("state", "in", ("sent", "sale")),
            ],
            ["groupbuy_campaign_id"],
            ["amount_total:sum"],
        )
        totals = {campaign.id: total for campaign, total in groups}
        for campaign in self:
            campaign.revenue = totals.get(campaign.id, 0.0)

    @api.model
    def _get_failed_refunds_domain(self):
        return [
            ("groupbuy_order_id", "!=", False),
            ("operation", "=", "refund"),
            ("state", "=", "error"),
        ]

    # === ACTIONS === #

    def action_clone(self):
        """Copy this campaign, a whole number of weeks later, and open the copy."""
        self.ensure_one()
        return self.copy()._get_form_action()

    def action_view_revenue(self):
        self.ensure_one()
        return self._get_action(
            "sale_report_action",
            [
                ("groupbuy_campaign_id", "=", self.id),
                ("state", "in", ("sent", "sale")),
            ],
        )

    def action_view_failed_refunds(self):
        self.ensure_one()
        return self._get_action(
            "payment_transaction_action",
            [
                *self._get_failed_refunds_domain(),
                ("groupbuy_order_id.groupbuy_campaign_id", "=", self.id),
            ],
        )

    def _get_form_action(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    @api.model
    def _get_action(self, name, domain):
        """:return: the action, over the records of `domain` only

        :param str name: XML id, without a module for an action of this addon
        """
        xmlid = name if "." in name else f"community_groupbuy.{name}"
        action = self.env["ir.actions.act_window"]._for_xml_id(xmlid)
        return {**action, "domain": domain, "context": {"create": False}}

    # === DASHBOARD === #

    @api.model
    @api.readonly
    def get_dashboard(self):
        """Count what the app's first page shows, for the current company.

        :return: {"currency_id", "tiles": see `_get_dashboard_tiles`,
            "sales": one dict a day, of the last 7, oldest first,
            "campaigns": the open ones, those that close first at the top,
            "campaign_count": how many are open}
        :raise AccessError: the user is no operator
        """
        self.env["groupbuy.hold"].check_access("read")
        live = self.search(
            [
                ("state", "in", ("open", "closing")),
                ("company_id", "=", self.env.company.id),
            ],
            order="date_close, id",
        )
        return {
            "currency_id": self.env.company.currency_id.id,
            "tiles": [self._count_tile(**tile) for tile in self._get_dashboard_tiles()],
            "sales": self._get_daily_sales(),
            "campaigns": live[:CAMPAIGNS_SHOWN].read(
                [
                    "name",
                    "state",
                    "date_close",
                    "participant_count",
                    "paid_quantity",
                    "paid_amount",
                    "goal_type",
                    "progress",
                    "order_count",
                    "pending_count",
                    "closing_progress",
                    "write_date",
                ]
            ),
            "campaign_count": len(live),
        }

    @api.model
    def _get_dashboard_tiles(self):
        """Hook for the addons above to add tiles.

        :return: dicts with name, label, action (see `_get_action`), domain of the
            records behind the tile, and if wanted amount (the field to sum) and level
            (how the tile looks when it counts something)
        """
        now = fields.Datetime.now()
        midnight = self._get_midnight(1)
        joined = [("groupbuy_campaign_id", "!=", False), ("state", "=", "sent")]
        return [
            {
                "name": "open",
                "label": self.env._("Open Campaigns"),
                "action": "groupbuy_campaign_action",
                "domain": [("state", "=", "open")],
                "amount": "paid_amount",
            },
            {
                "name": "today",
                "label": self.env._("Closing Today"),
                "action": "groupbuy_campaign_action",
                "domain": [("state", "=", "open"), ("date_close", "<", midnight)],
                "amount": "paid_amount",
            },
            {
                "name": "waiting",
                "label": self.env._("Paid, Waiting"),
                "action": "sale_order_action",
                "domain": [
                    *joined,
                    ("groupbuy_campaign_id.state", "in", ("scheduled", "open")),
                ],
                "amount": "amount_total",
            },
            {
                "name": "process",
                "label": self.env._("Orders to Process"),
                "action": "sale_order_action",
                "domain": [
                    *joined,
                    ("groupbuy_campaign_id.state", "in", ("closing", "cancelled")),
                ],
                "amount": "amount_total",
                "level": "warning",
            },
            {
                "name": "refunds",
                "label": self.env._("Failed Refunds"),
                "action": "payment_transaction_action",
                "domain": self._get_failed_refunds_domain(),
                "amount": "amount",
                "level": "danger",
            },
            {
                "name": "jobs",
                "label": self.env._("Stuck Jobs"),
                "action": "queue_job_action",
                "domain": [
                    ("channel", "=like", "root.groupbuy%"),
                    "|",
                    ("state", "=", "failed"),
                    "&",
                    ("state", "in", ("pending", "enqueued", "started")),
                    "&",
                    ("date_created", "<", now - STUCK_AFTER),
                    "|",
                    ("eta", "=", False),
                    ("eta", "<", now - STUCK_AFTER),
                ],
                "level": "danger",
            },
            {
                "name": "draft",
                "label": self.env._("Drafts"),
                "action": "groupbuy_campaign_action",
                "domain": [("state", "=", "draft")],
            },
            {
                "name": "closed",
                "label": self.env._("Closed in 7 Days"),
                "action": "groupbuy_campaign_action",
                "domain": [
                    ("state", "in", ("succeeded", "failed")),
                    ("closed_at", ">=", self._get_midnight(-6)),
                ],
                "amount": "revenue",
            },
        ]

    @api.model
    def _count_tile(self, name, label, action, domain, amount=None, level=None):
        """:return: the tile with its count and amount, and the action behind it"""
        action = self._get_action(action, domain)
        model = self.env[action["res_model"]]
        domain = [*domain, ("company_id", "in", (self.env.company.id, False))]
        if amount and not model._fields[amount].store:
            records = model.search(domain)
            count, total = len(records), sum(records.mapped(amount))
        else:
            sums = [f"{amount}:sum"] if amount else []
            [(count, *sums)] = model._read_group(domain, [], ["__count", *sums])
            total = abs(sums[0] or 0.0) if sums else 0.0
        return {
            "name": name,
            "label": label,
            "count": count,
            "amount": total if amount else None,
            "level": level if count else None,
            "action": {**action, "domain": domain, "display_name": label},
        }

    @api.model
    def _get_daily_sales(self):
        """:return: [{"date" (ISO), "count", "amount"}] of paid orders by the day of
        joining, in the user's time zone
        """
        start = self._get_midnight(-6)
        # Days are grouped by the zone of the context only.
        order_model = self.env["sale.order"].with_context(tz=self.env.tz.zone)
        groups = order_model._read_group(
            [
                ("groupbuy_campaign_id", "!=", False),
                ("company_id", "=", self.env.company.id),
                ("state", "in", ("sent", "sale")),
                ("create_date", ">=", start),
            ],
            ["create_date:day"],
            ["__count", "amount_total:sum"],
        )
        sales = {f"{day:%F}": (count, amount) for day, count, amount in groups}
        today = fields.Date.context_today(self)
        days = [f"{today - timedelta(days=ago):%F}" for ago in range(6, -1, -1)]
        return [
            {"date": day, "count": count, "amount": amount}
            for day in days
            for count, amount in [sales.get(day, (0, 0.0))]
        ]

    @api.model
    def _get_midnight(self, days):
        """:return: when the user's day, `days` from today, begins, in UTC"""
        day = fields.Date.context_today(self) + timedelta(days=days)
        local = self.env.tz.localize(fields.Datetime.to_datetime(day))
        return local.astimezone(pytz.UTC).replace(tzinfo=None)
