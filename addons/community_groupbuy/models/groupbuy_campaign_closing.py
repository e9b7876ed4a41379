import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

_logger = logging.getLogger(__name__)

CLOSE_CHUNK = 50
# How long the closing waits before it looks again for payments under way.
RECHECK = timedelta(seconds=30)


class GroupbuyCampaign(models.Model):
    """From open to closed. Each step can be killed anywhere and run again:

    1. `closing`: nobody joins or cancels any more; holds under way may still be paid.
    2. The outcome is fixed once: final quantities and prices, success or failure.
    3. Orders are confirmed or refunded in jobs, a chunk each.
    4. When no order waits any more: `succeeded` or `failed`.
    """

    _inherit = "groupbuy.campaign"

    outcome = fields.Selection(
        [("success", "Success"), ("failure", "Failure")], readonly=True, copy=False
    )
    closed_at = fields.Datetime(
        readonly=True, copy=False, help="When the last order was processed."
    )

    # === ACTIONS === #

    def action_close(self):
        """Close open campaigns now, before their date if need be.

        The orders are processed in the background; `state` tells when it is done.
        """
        if self.filtered(lambda campaign: campaign.state not in ("scheduled", "open")):
            raise UserError(self.env._("Only an open campaign can be closed."))
        now = fields.Datetime.now()
        for campaign in self:
            if campaign.date_close > now:
                campaign.date_open = min(campaign.date_open, now - timedelta(seconds=1))
                campaign.date_close = now
        self._close()

    def action_cancel(self):
        """Cancel campaigns that have not closed; everybody is refunded in full."""
        if self.filtered(
            lambda campaign: campaign.state not in ("draft", "scheduled", "open")
        ):
            raise UserError(
                self.env._("A campaign can be cancelled until it starts to close.")
            )
        self.state = "cancelled"
        self.recurrence = "none"
        self._enqueue_closing()

    def action_process_again(self):
        """Try again what the closing could not process."""
        closing = self.filtered(lambda campaign: campaign.state == "closing")
        closing._get_waiting_orders().groupbuy_closing_error = False
        closing._enqueue_closing()

    # === STEPS === #

    def _close(self):
        self.state = "closing"
        self._enqueue_closing()

    def _enqueue_closing(self, eta=None, after=""):
        """Go on with the closing in a job, after this transaction is committed.

        :param after: what must have been committed before the job looks: a job that
            waits already might look too early
        """
        # Whoever may close a campaign need not have the rights of a bookkeeper and of a
        # storekeeper; what the closing does follows from the campaign alone.
        for campaign_sudo in self.sudo():
            campaign_sudo.with_delay(
                channel="root.groupbuy",
                eta=eta,
                priority=5,
                identity_key=f"groupbuy-closing-{campaign_sudo.id}-{after}",
                description=self.env._("Close group buy %s", campaign_sudo.code),
            )._continue_closing()

    def _continue_closing(self):
        """Take this campaign's closing one step further; harmless to repeat."""
        self.ensure_one()
        if self.state == "cancelled":
            self._cancel_orders()
        elif self.state == "closing":
            if not self.outcome and not self._fix_outcome():
                return
            if self._has_order_jobs():
                return
            if waiting := self._get_waiting_orders():
                self._enqueue_orders(
                    waiting.filtered(lambda order: not order.groupbuy_closing_error)
                )
            else:
                self._finish_closing()

    def _get_waiting_orders(self):
        return self.env["sale.order"].search(
            [("groupbuy_campaign_id", "in", self.ids), ("state", "=", "sent")],
            order="id",
        )

    def _has_order_jobs(self):
        """Whether orders of this campaign are being processed, or about to be."""
        # Operators have no rights on jobs; only their existence matters here.
        job_model_sudo = self.env["queue.job"].sudo()
        return bool(
            job_model_sudo.search_count(
                [
                    ("identity_key", "=like", f"groupbuy-orders-{self.id}-%"),
                    ("state", "in", ("pending", "enqueued", "started")),
                ],
                limit=1,
            )
        )

    def _fix_outcome(self):
        """Fix final quantities, prices and success, once everybody is done paying.

        :return: whether the outcome is fixed now
        """
        offers, undecided = self._count_for_closing()
        if undecided:
            # Holds whose order has yet to follow, or not yet run out; whoever pays
            # earlier lets the campaign close earlier.
            self.env.ref("payment.cron_post_process_payment_tx").sudo()._trigger()
            self._enqueue_closing(eta=fields.Datetime.now() + RECHECK)
            return False
        success, participants, quantity = self._judge(offers)
        if not success and self._extend_once():
            return False
        for offer in self.offer_ids:
            offer._fix_outcome(success, *offers.get(offer.id, (0, 0.0))[:2])
        any_success = "success" in self.offer_ids.mapped("outcome")
        self.outcome = "success" if any_success else "failure"
        self.message_post(
            body=self.env._(
                "Closed with %(participants)s participants and %(quantity)s pieces.",
                participants=participants,
                quantity=quantity,
            )
        )
        return True

    def _judge(self, offers):
        """:return: (whether these counts reach the goal, participants, pieces)"""
        participants = len(
            {partner for counts in offers.values() for partner in counts[2]}
        )
        quantity = sum(counts[0] for counts in offers.values())
        amount = sum(counts[3] for counts in offers.values())
        reached = self._get_goal_reached(participants, quantity, amount)
        success = quantity > 0 and (
            self.goal_type == "none" or reached >= self.goal_value
        )
        return success, participants, quantity

    def _forecast_closing(self):
        """:return: what closing now would come to, nothing being changed:
        "success", "extend" or "failure"; and for each offer a dict with offer_id,
        quantity, outcome, price (final) and refund_amount (before coupons)
        """
        self.ensure_one()
        counts, _undecided = self._count_for_closing()
        success, _participants, _quantity = self._judge(counts)
        lines = []
        for offer in self.offer_ids:
            quantity, lowest, _payers, amount = counts.get(offer.id, (0, 0, (), 0))
            outcome, price = offer._get_outcome(success, quantity, float(lowest))
            lines.append(
                {
                    "offer_id": offer.id,
                    "quantity": quantity,
                    "outcome": outcome,
                    "price": price,
                    "refund_amount": float(amount) - quantity * price,
                }
            )
        if not success and self.on_failure == "extend" and not self.extended:
            return "extend", lines
        any_success = any(line["outcome"] == "success" for line in lines)
        return "success" if any_success else "failure", lines

    def _count_for_closing(self):
        """Count what is paid while nobody can take, pay or give back pieces.

        :return: ({offer id: (pieces, lowest price shown, payers, amount)};
            whether somebody can still pay, or an order has yet to follow its holds)
        """
        now = fields.Datetime.now()
        with self.env["groupbuy.hold"]._own_transaction() as cr:
            self.env["groupbuy.hold"]._lock_offers(cr, self.offer_ids.ids)
            cr.execute(
                """
                SELECT COUNT(*)
                  FROM groupbuy_hold AS hold
             LEFT JOIN sale_order AS o
                    ON o.partner_id = hold.partner_id AND o.groupbuy_key = hold.key
                 WHERE hold.campaign_id = %s
                   AND (hold.state = 'held' AND hold.expires_at > %s
                        OR hold.state = 'paid' AND o.state <> 'sent'
                        OR hold.state = 'cancelled' AND o.state = 'sent')
                """,
                [self.id, now],
            )
            (undecided,) = cr.fetchone()
            cr.execute(
                """
                SELECT offer_id, SUM(quantity), MIN(price), ARRAY_AGG(partner_id),
                       SUM(quantity * price)
                  FROM groupbuy_hold
                 WHERE campaign_id = %s AND state = 'paid'
              GROUP BY offer_id
                """,
                [self.id],
            )
            offers = {offer_id: counts for offer_id, *counts in cr.fetchall()}
        return offers, undecided

    def _extend_once(self):
        if self.on_failure != "extend" or self.extended:
            return False
        self.write({"state": "open", "extended": True, "nudged": False})
        self.date_close = fields.Datetime.now()
        self.action_extend(self.extension_hours)
        self.message_post(
            body=self.env._(
                "The goal was missed: extended by %s h.", self.extension_hours
            )
        )
        self.order_ids.filtered(lambda order: order.state == "sent")._groupbuy_notify(
            "community_groupbuy.mail_template_extended"
        )
        return True

    def _enqueue_orders(self, orders):
        # Made here, once, where the chunks would make one each at the same time.
        self.company_id._get_groupbuy_handover_type()
        ids = orders.ids
        for start in range(0, len(ids), CLOSE_CHUNK):
            chunk = orders.browse(ids[start : start + CLOSE_CHUNK])
            self.with_delay(
                channel="root.groupbuy",
                identity_key=f"groupbuy-orders-{self.id}-{chunk[0].id}-{chunk[-1].id}",
                description=self.env._(
                    "Close orders of group buy %(code)s, %(first)s to %(last)s of "
                    "%(count)s",
                    code=self.code,
                    first=start + 1,
                    last=start + len(chunk),
                    count=len(ids),
                ),
            )._close_orders(chunk)

    def _close_orders(self, orders):
        """Process a chunk; the last one to finish ends the closing.

        An order that fails waits for *Process again*, the others go on.
        """
        orders._groupbuy_close()
        self._enqueue_closing(after=orders[:1].id)

    def _cancel_orders(self):
        """Give back the pieces and the money of a cancelled campaign's orders."""
        orders = self.order_ids.filtered(lambda order: order.state in ("draft", "sent"))
        ids = orders.ids
        for start in range(0, len(ids), CLOSE_CHUNK):
            chunk = orders.browse(ids[start : start + CLOSE_CHUNK])
            self.env["groupbuy.hold"]._cancel(chunk, ("cancelled",))
            failed = chunk._groupbuy_call_each("_groupbuy_call_off")
            for order, error in failed.items():
                order._groupbuy_raise_to_operators(
                    self.env._("This order could not be cancelled: %s", error)
                )

    def _plan_transfers(self):
        """First leg: one transfer per pickup point, from the warehouse to there."""
        moves = self.env["stock.move"].search(
            [
                ("sale_line_id.order_id.groupbuy_campaign_id", "=", self.id),
                ("picking_id.groupbuy_kind", "=", "handover"),
                ("move_orig_ids", "=", False),
                ("state", "not in", ("done", "cancel")),
            ]
        )
        pickings = self.env["stock.picking"].create(
            [
                self._prepare_transfer(point_location, point_moves)
                for point_location, point_moves in moves.grouped("location_id").items()
            ]
        )
        pickings.action_confirm()
        pickings._groupbuy_put_in_batches()
        return pickings

    def _prepare_transfer(self, location, moves):
        order = moves[:1].sale_line_id.order_id
        warehouse = order.warehouse_id
        common = {
            "picking_type_id": warehouse.int_type_id.id,
            "location_id": warehouse.lot_stock_id.id,
            "location_dest_id": location.id,
            "company_id": self.company_id.id,
            "origin": self.code,
        }
        return {
            **common,
            "groupbuy_kind": "transfer",
            "groupbuy_stage": "warehouse",
            "groupbuy_campaign_id": self.id,
            "pickup_point_id": order.pickup_point_id.id,
            "partner_id": order.pickup_point_id.partner_id.id,
            # Whoever loads the truck; the batch says who.
            "user_id": False,
            "scheduled_date": self.pickup_date or fields.Datetime.now(),
            "move_ids": [
                Command.create(
                    {
                        **common,
                        "product_id": product.id,
                        "product_uom": product.uom_id.id,
                        "product_uom_qty": sum(own.mapped("product_qty")),
                        "move_dest_ids": [Command.set(own.ids)],
                        # Who loses what is not sent is decided here, not by Odoo.
                        "propagate_cancel": False,
                    }
                )
                for product, own in moves.grouped("product_id").items()
            ],
        }

    def _finish_closing(self):
        self._plan_transfers()
        self.write(
            {
                "state": "succeeded" if self.outcome == "success" else "failed",
                "closed_at": fields.Datetime.now(),
            }
        )
        self._schedule_next()

    # === SWEEP === #

    @api.model
    def _sweep(self):
        """Bring every campaign to the state that its dates and orders demand.

        By state, never by "since the last run": whatever an outage left lies here.
        """
        steps = (
            self.env["groupbuy.hold"]._expire,
            self.env["sale.order"]._groupbuy_follow_holds,
            self._sweep_open,
            self._sweep_nudge,
            self._sweep_close,
            self._sweep_closing,
            self.env["payment.transaction"]._groupbuy_retry_refunds,
        )
        for step in steps:
            try:
                with self.env.cr.savepoint():
                    step()
            except Exception:
                # One broken step must not keep the others from running.
                _logger.exception("Group-buy sweep: %s failed", step.__name__)
            self.env["ir.cron"]._commit_progress()

    @api.model
    def _sweep_open(self):
        self.search([("state", "=", "scheduled")])._open_due()

    @api.model
    def _sweep_close(self):
        now = fields.Datetime.now()
        due = self.search(
            [("state", "in", ("scheduled", "open")), ("date_close", "<=", now)]
        )
        capped = self.search([("state", "=", "open"), ("close_when_full", "=", True)])
        (due | capped.filtered(lambda campaign: campaign._is_full()))._close()

    def _is_full(self):
        """Whether every pack of every offer is bought."""
        used = self.offer_ids._get_quota_use()
        quotas = {offer: offer._get_quota() for offer in self.offer_ids}
        return all(
            quota and quota - used.get(offer.id, (0, 0))[0] < offer.pack_size
            for offer, quota in quotas.items()
        )

    @api.model
    def _sweep_closing(self):
        self.search([("state", "=", "closing")])._enqueue_closing()
        ended = self.env["sale.order"]._read_group(
            [
                ("groupbuy_campaign_id.state", "=", "cancelled"),
                ("state", "in", ("draft", "sent")),
            ],
            ["groupbuy_campaign_id"],
        )
        for (campaign,) in ended:
            campaign._enqueue_closing()
