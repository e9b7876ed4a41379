from odoo import api, fields, models
from odoo.exceptions import UserError

MAX_REASON = 500


class GroupbuyCampaign(models.Model):
    """The day to collect can move after closing; everyone concerned is told."""

    _inherit = "groupbuy.campaign"

    pickup_move_reason = fields.Char(
        string="Why the Day Moved", readonly=True, copy=False, translate=False
    )
    transfer_count = fields.Integer(compute="_compute_transfer_count")

    def _compute_transfer_count(self):
        groups = self.env["stock.picking"]._read_group(
            [
                ("groupbuy_campaign_id", "in", self.ids),
                ("groupbuy_kind", "=", "transfer"),
            ],
            ["groupbuy_campaign_id"],
            ["__count"],
        )
        counts = {campaign.id: count for campaign, count in groups}
        for campaign in self:
            campaign.transfer_count = counts.get(campaign.id, 0)

    @api.model
    def _get_dashboard_tiles(self):
        """Override to add what has to leave, and what is to be received."""
        today = self.env.company._get_groupbuy_date()
        return [
            *super()._get_dashboard_tiles(),
            {
                "name": "send",
                "label": self.env._("Trucks to Load"),
                "action": "stock_picking_batch_action",
                "domain": [
                    ("picking_ids.groupbuy_kind", "=", "transfer"),
                    ("state", "in", ("draft", "in_progress")),
                    ("groupbuy_date", "<=", today),
                ],
            },
            {
                "name": "receive",
                "label": self.env._("Arrivals to Record"),
                "action": "stock_picking_arrival_action",
                "domain": [
                    ("groupbuy_kind", "=", "transfer"),
                    ("groupbuy_stage", "=", "way"),
                ],
            },
        ]

    def action_view_transfers(self):
        """Open the transfers of this campaign to its pickup points."""
        self.ensure_one()
        return self._get_action(
            "stock_picking_transfer_action",
            [
                ("groupbuy_campaign_id", "=", self.id),
                ("groupbuy_kind", "=", "transfer"),
            ],
        )

    def action_move_pickup(self, pickup_date, pickup_deadline=False, reason=""):
        """Move the day to collect of a campaign that has closed.

        Transfers that have not left and their hand-overs follow, in the batches of
        the new day. Residents who have not collected yet get a mail.

        :param pickup_date: when goods can be collected, UTC
        :param pickup_deadline: until when, UTC; False for no deadline
        :param str reason: told to the residents
        :raise UserError: not closed yet, in the past, the goods have left already, or
            no dates
        """
        self.ensure_one()
        self.check_access("write")
        pickup_date = self._read_pickup_date(pickup_date)
        deadline = pickup_deadline and self._read_pickup_date(pickup_deadline)
        if not isinstance(reason, str) or len(reason) > MAX_REASON:
            raise UserError(
                self.env._("A reason is a text of at most %s characters.", MAX_REASON)
            )
        if self.state not in ("closing", "succeeded"):
            raise UserError(
                self.env._("Until it closes, change the dates of the campaign itself.")
            )
        if not pickup_date:
            raise UserError(self.env._("When can the goods be collected?"))
        now = fields.Datetime.now()
        if deadline and deadline < max(pickup_date, now):
            raise UserError(
                self.env._("The last day to collect is over, or before the first.")
            )
        if pickup_date != self.pickup_date:
            if pickup_date < now:
                raise UserError(self.env._("The new day to collect has passed."))
            self._move_goods(pickup_date)
        self.write(
            {
                "pickup_date": pickup_date,
                "pickup_deadline": deadline,
                "pickup_move_reason": reason.strip(),
            }
        )
        orders = self.env["sale.order"].search(
            [
                ("groupbuy_campaign_id", "=", self.id),
                ("groupbuy_status", "in", ("to_ship", "shipped", "ready")),
            ]
        )
        orders._groupbuy_notify("community_groupbuy.mail_template_moved")
        self.message_post(
            body=self.env._(
                "The day to collect was moved; %s residents are told.",
                len(orders.partner_id),
            )
        )

    def _read_pickup_date(self, value):
        try:
            return fields.Datetime.to_datetime(value)
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("This is not a date and time.")) from error

    def _move_goods(self, date):
        """Transfers and hand-overs that are still in the warehouse get another day."""
        pickings = self.env["stock.picking"].search(
            [
                ("groupbuy_campaign_id", "=", self.id),
                ("groupbuy_kind", "in", ("transfer", "handover", "door")),
                ("state", "not in", ("done", "cancel")),
                "|",
                ("groupbuy_stage", "=", "warehouse"),
                ("groupbuy_kind", "=", "door"),
            ]
        )
        if self.state == "succeeded" and not pickings:
            raise UserError(
                self.env._(
                    "All goods have left the warehouse: only the last day to collect "
                    "can be moved."
                )
            )
        # The campaign's own chatter tells it once.
        quiet = pickings.with_context(tracking_disable=True)
        quiet.move_ids.filtered(lambda move: move._groupbuy_is_open()).date = date
        quiet.flush_recordset(["scheduled_date"])
        pickings.filtered(
            lambda picking: picking.groupbuy_kind == "transfer"
        )._groupbuy_put_in_batches()
