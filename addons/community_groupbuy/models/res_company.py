import pytz

from odoo import fields, models
from odoo.tools import format_datetime


class ResCompany(models.Model):
    _inherit = "res.company"

    groupbuy_hold_minutes = fields.Integer(
        string="Hold for Payment",
        default=15,
        help="Minutes for which a join is held until it is paid.",
    )
    groupbuy_nudge_hours = fields.Integer(
        string="Nudge Before Closing",
        default=3,
        help="Hours before closing at which those who joined hear how little is "
        "missing for the next price; 0 for never.",
    )
    groupbuy_nudge_percent = fields.Integer(
        string="Nudge When Missing",
        default=20,
        help="The nudge is sent when at most this percentage of the next tier's "
        "quantity is missing.",
    )
    groupbuy_nudge_sms = fields.Boolean(string="Nudge by SMS Too")
    groupbuy_ready_sms = fields.Boolean(
        string="Pickup Code by SMS Too",
        help="Residents get their pickup code as a text message, besides the mail.",
    )
    groupbuy_step_sms = fields.Boolean(
        string="Every Step by SMS Too",
        help="Residents get a text message when they have paid, when the group has "
        "succeeded or failed, when goods are on their way, and for refunds.",
    )

    groupbuy_collect_days = fields.Integer(
        string="Time to Collect",
        default=3,
        help="Days for which goods wait at a pickup point, where a group buy sets no "
        "date.",
    )
    groupbuy_uncollected_rule = fields.Selection(
        [
            ("refund", "Refund what was not collected"),
            ("keep", "Keep the goods in the warehouse for the resident"),
        ],
        string="Uncollected Goods",
        required=True,
        default="refund",
    )

    groupbuy_claim_days = fields.Integer(
        string="After-sales Requests",
        default=7,
        help="Days after an order was received in which residents can ask for a "
        "refund or a return.",
    )

    groupbuy_handover_type_id = fields.Many2one(
        "stock.picking.type",
        string="Hand-over",
        copy=False,
        help="Operation by which residents get their goods at a pickup point.",
    )

    _groupbuy_hold_minutes_check = models.Constraint(
        "CHECK(groupbuy_hold_minutes BETWEEN 1 AND 1440)",
        "Joins are held for 1 to 1,440 minutes.",
    )
    _groupbuy_nudge_check = models.Constraint(
        "CHECK(groupbuy_nudge_hours BETWEEN 0 AND 168"
        " AND groupbuy_nudge_percent BETWEEN 0 AND 100)",
        "Nudges go out 0 to 168 hours before closing, for 0 to 100 percent missing.",
    )
    _groupbuy_collect_check = models.Constraint(
        "CHECK(groupbuy_collect_days BETWEEN 1 AND 60)",
        "Goods wait at a pickup point for 1 to 60 days.",
    )

    def _get_groupbuy_zone(self):
        """:return: the name of the time zone where this company works"""
        self.ensure_one()
        return self.partner_id.tz or "Asia/Shanghai"

    def _get_groupbuy_date(self, moment=None):
        """:return: the day of a moment (UTC; default: now) where this company works"""
        zone = pytz.timezone(self._get_groupbuy_zone())
        moment = moment or fields.Datetime.now()
        return pytz.utc.localize(moment).astimezone(zone).date()

    def _format_groupbuy_date(self, moment, pattern=None):
        """:return: a moment (UTC) as text, in the time zone where this company works"""
        # The pattern is a term: languages differ in the order of day and month.
        pattern = pattern or self.env._("MMM d, EEE HH:mm")
        zone = self._get_groupbuy_zone()
        return format_datetime(self.env, moment, tz=zone, dt_format=pattern)

    _groupbuy_claim_days_check = models.Constraint(
        "CHECK(groupbuy_claim_days BETWEEN 0 AND 365)",
        "After-sales requests are possible for 0 to 365 days.",
    )

    def _get_groupbuy_handover_type(self):
        """:return: the operation by which goods leave a pickup point"""
        self.ensure_one()
        if not self.groupbuy_handover_type_id:
            warehouse = self.env["stock.warehouse"].search(
                [("company_id", "=", self.id)], limit=1
            )
            self.groupbuy_handover_type_id = self.env["stock.picking.type"].create(
                {
                    "name": self.env._("Hand-over at Pickup Points"),
                    "code": "outgoing",
                    "sequence_code": "HAND",
                    "warehouse_id": warehouse.id,
                    "company_id": self.id,
                    # Reserved when the goods have come to the point.
                    "reservation_method": "manual",
                }
            )
        return self.groupbuy_handover_type_id
