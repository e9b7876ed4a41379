from contextlib import contextmanager
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.sql_db import Cursor
from odoo.tools import SQL

# First key of the advisory locks: one space for offers, one for joins.
OFFER_LOCKS = 0x6762_6F66  # "gbof"
JOIN_LOCKS = 0x6762_6A6F  # "gbjo"


class GroupbuyHold(models.Model):
    """Pieces of one offer taken by one join: the only place that counts them.

    Holds are written by short READ COMMITTED transactions of their own, one offer
    at a time under an advisory lock, so that no two joins ever see the same last
    piece as free. The order follows its holds, never the other way round: a crash
    between the two is mended by :meth:`_sweep`.
    """

    _name = "groupbuy.hold"
    _description = "Group-buy Hold"
    _order = "id desc"

    campaign_id = fields.Many2one(
        "groupbuy.campaign", required=True, index=True, ondelete="cascade"
    )
    offer_id = fields.Many2one(
        "groupbuy.offer", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one("res.partner", required=True, ondelete="restrict")
    pickup_point_id = fields.Many2one(
        "groupbuy.pickup.point",
        ondelete="restrict",
        help="Where a place is held too; none for a delivery to the door.",
    )
    key = fields.Char(required=True, help="Chosen by the resident's device, per join.")
    fingerprint = fields.Char(
        required=True, help="Of the join's content: a key is good for one content."
    )
    quantity = fields.Integer(required=True)
    price = fields.Float(
        required=True,
        digits="Product Price",
        aggregator=None,
        help="Unit price shown when joining: nobody pays more.",
    )
    state = fields.Selection(
        [
            ("held", "Held"),
            ("paid", "Paid"),
            ("expired", "Expired"),
            ("cancelled", "Cancelled"),
        ],
        required=True,
        default="held",
        help="An expired hold can be taken again by late money, a cancelled one not.",
    )
    expires_at = fields.Datetime(required=True)

    _key_unique = models.UniqueIndex("(partner_id, key, offer_id)")
    _taken_idx = models.Index(
        "(offer_id) INCLUDE (quantity, price, partner_id, state, expires_at)"
        " WHERE state IN ('held', 'paid')"
    )
    _point_idx = models.Index(
        "(pickup_point_id, campaign_id)"
        " WHERE pickup_point_id IS NOT NULL AND state IN ('held', 'paid')"
    )
    _expiry_idx = models.Index("(expires_at) WHERE state = 'held'")
    _quantity_check = models.Constraint(
        "CHECK(quantity > 0)", "A hold is for one piece or more."
    )

    # === TRANSACTIONS AND LOCKS === #

    @contextmanager
    def _own_transaction(self):
        """Open a short transaction that sees what others have committed meanwhile.

        At Odoo's REPEATABLE READ a lock that was waited for shows the state from
        before the wait, so the transaction of the request cannot count pieces.
        """
        self.env.flush_all()
        with self.env.registry.cursor() as cr:
            # The cursor of a test is a savepoint, where the level cannot be set.
            if isinstance(cr, Cursor):
                cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                # Lost only together with the order, whose commit comes later in
                # the same log.
                cr.execute("SET LOCAL synchronous_commit = off")
            yield cr
        self.invalidate_model()

    @api.model
    def _lock_join(self, partner, key):
        """Let only one request at a time work on this join, until it commits."""
        self.env.cr.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))",
            [JOIN_LOCKS, f"{partner.id}:{key}"],
        )

    @api.model
    def _lock_offers(self, cr, offer_ids):
        """Let nobody else count or take pieces of these offers until `cr` commits.

        Offers that share a quota share a lock; locks are taken in one order.

        :return: ids of the offers whose quotas these are
        """
        if not offer_ids:
            return []
        cr.execute(
            """
            SELECT quota_id, pg_advisory_xact_lock(%s, quota_id)
              FROM (SELECT DISTINCT COALESCE(quota_offer_id, id) AS quota_id
                      FROM groupbuy_offer
                     WHERE id IN %s
                  ORDER BY quota_id) AS quotas
            """,
            [OFFER_LOCKS, tuple(offer_ids)],
        )
        return [quota_id for quota_id, _lock in cr.fetchall()]

    # === TAKING === #

    @api.model
    def _take(self, campaign, partner, key, fingerprint, wanted, point=None):
        """Hold pieces for a join, or return what the same join got before.

        :param dict wanted: {offer id: whole pieces}
        :param point: the pickup point, if it is not delivered to the door
        :return: (holds as dicts with offer_id, quantity, price, expires_at;
            the order of an earlier request with this key as
            (id, access_token, groupbuy_amount), or None)
        :raise UserError: the campaign is not open, too little is left, a limit is
            passed, the point is full, or the key was used for something else
        """
        minutes = campaign.company_id.groupbuy_hold_minutes
        with self._own_transaction() as cr:
            quotas = self._lock_offers(cr, wanted)
            if holds := self._get_earlier(cr, partner, key, fingerprint):
                return holds, self._get_earlier_order(cr, partner, key)
            now = fields.Datetime.now()
            expires_at = now + timedelta(minutes=minutes)
            taken = self._count(cr, quotas, partner, now)
            self._check_open(cr, campaign, now)
            prices = {
                offer: self._check_available(offer, wanted[offer.id], *taken[offer.id])
                for offer in campaign.offer_ids.browse(wanted)
            }
            if point and (point.resting or point.capacity):
                point._take_place(cr, campaign._get_pickup_day())
            cr.execute(
                SQL(
                    """
                    INSERT INTO groupbuy_hold (
                        campaign_id, offer_id, partner_id, pickup_point_id, key,
                        fingerprint, quantity, price, state, expires_at,
                        create_uid, create_date, write_uid, write_date)
                    VALUES %s
                    RETURNING offer_id, quantity, price, expires_at
                    """,
                    SQL(", ").join(
                        SQL(
                            "(%s, %s, %s, %s, %s, %s, %s, %s, 'held',"
                            " %s, %s, %s, %s, %s)",
                            campaign.id,
                            offer.id,
                            partner.id,
                            point.id if point else None,
                            key,
                            fingerprint,
                            wanted[offer.id],
                            price,
                            expires_at,
                            self.env.uid,
                            now,
                            self.env.uid,
                            now,
                        )
                        for offer, price in prices.items()
                    ),
                )
            )
            return cr.dictfetchall(), None

    def _get_earlier(self, cr, partner, key, fingerprint):
        cr.execute(
            "SELECT offer_id, quantity, price, expires_at, fingerprint"
            " FROM groupbuy_hold WHERE partner_id = %s AND key = %s",
            [partner.id, key],
        )
        holds = cr.dictfetchall()
        if any(hold.pop("fingerprint") != fingerprint for hold in holds):
            raise UserError(
                self.env._("This key was used for another join. Reload and try again.")
            )
        return holds

    def _get_earlier_order(self, cr, partner, key):
        cr.execute(
            "SELECT id, access_token, groupbuy_amount FROM sale_order"
            " WHERE partner_id = %s AND groupbuy_key = %s",
            [partner.id, key],
        )
        return cr.fetchone()

    def _count(self, cr, quota_ids, partner, now):
        """Count what is taken of quotas, once they are locked.

        :param list quota_ids: from `_lock_offers`
        :return: {offer id: (the quota, taken of it by all who share it; paid for this
            offer, live and paid of this resident)} of all offers that share them
        """
        cr.execute(
            "SELECT id, COALESCE(quota_offer_id, id), quota FROM groupbuy_offer"
            " WHERE id = ANY(%(ids)s) OR quota_offer_id = ANY(%(ids)s)",
            {"ids": quota_ids},
        )
        sharing = cr.fetchall()
        cr.execute(
            """
            SELECT offer_id,
                   SUM(quantity),
                   COALESCE(SUM(quantity) FILTER (WHERE state = 'paid'), 0),
                   COALESCE(SUM(quantity) FILTER (WHERE partner_id = %s), 0)
              FROM groupbuy_hold
             WHERE offer_id IN %s
               AND (state = 'paid' OR state = 'held' AND expires_at > %s)
          GROUP BY offer_id
            """,
            [partner.id, tuple(offer_id for offer_id, *_rest in sharing), now],
        )
        counts = {offer_id: counted for offer_id, *counted in cr.fetchall()}
        quotas = {offer_id: quota for offer_id, _quota_id, quota in sharing}
        taken = dict.fromkeys(quota_ids, 0)
        for offer_id, quota_id, _quota in sharing:
            taken[quota_id] += counts.get(offer_id, (0, 0, 0))[0]
        return {
            offer_id: (
                quotas[quota_id],
                taken[quota_id],
                *counts.get(offer_id, (0, 0, 0))[1:],
            )
            for offer_id, quota_id, _quota in sharing
        }

    def _check_open(self, cr, campaign, now):
        cr.execute(
            "SELECT 1 FROM groupbuy_campaign WHERE id = %s"
            " AND state IN ('scheduled', 'open')"
            " AND date_open <= %s AND date_close > %s",
            [campaign.id, now, now],
        )
        if not cr.rowcount:
            raise UserError(self.env._("This group buy is not open."))

    def _check_available(self, offer, quantity, quota, taken, paid, mine):
        """:return: the unit price for a join of `quantity` pieces now"""
        if quota and quantity > quota - taken:
            left = max(quota - taken, 0)
            product = offer._get_product_name()
            raise UserError(
                self.env._(
                    "%(product)s: only %(left)s left.", product=product, left=left
                )
                if left
                else self.env._("%s is sold out.", product)
            )
        if offer.max_per_resident and quantity > offer.max_per_resident - mine:
            raise UserError(
                self.env._(
                    "%(product)s: at most %(limit)s for each resident, and you have "
                    "%(mine)s already.",
                    product=offer._get_product_name(),
                    limit=offer.max_per_resident,
                    mine=mine,
                )
            )
        return offer._get_price(paid + quantity)

    # === PAYING AND RELEASING === #

    @api.model
    def _settle(self, order):
        """Turn an order's holds into paid ones; take them anew if they ran out.

        :return: True when the order takes part, False when its money came too late
        """
        with self._own_transaction() as cr:
            quotas = self._lock_offers(cr, order.order_line.groupbuy_offer_id.ids)
            cr.execute(
                "SELECT offer_id, quantity, state, expires_at FROM groupbuy_hold"
                " WHERE partner_id = %s AND key = %s",
                [order.partner_id.id, order.groupbuy_key],
            )
            holds = cr.dictfetchall()
            now = fields.Datetime.now()
            if not holds or any(hold["state"] == "cancelled" for hold in holds):
                return False
            late = {
                hold["offer_id"]: hold["quantity"]
                for hold in holds
                if hold["state"] == "expired"
                or (hold["state"] == "held" and hold["expires_at"] <= now)
            }
            if late and not self._is_available(cr, order, late, quotas, now):
                return False
            cr.execute(
                "UPDATE groupbuy_hold SET state = 'paid', write_date = %s"
                " WHERE partner_id = %s AND key = %s AND state <> 'paid'",
                [now, order.partner_id.id, order.groupbuy_key],
            )
        return True

    def _is_available(self, cr, order, wanted, quotas, now):
        """Whether holds that ran out can be taken again at the agreed price."""
        taken = self._count(cr, quotas, order.partner_id, now)
        try:
            self._check_open(cr, order.groupbuy_campaign_id, now)
            for offer in order.order_line.groupbuy_offer_id:
                if offer.id in wanted:
                    self._check_available(offer, wanted[offer.id], *taken[offer.id])
        except UserError:
            return False
        return True

    @api.model
    def _cancel(self, orders, campaign_states=()):
        """Give the pieces of these orders back for good.

        :param campaign_states: where an order's campaign is in none of these, its
            pieces stay; by default they never do
        :return: the orders whose pieces were given back
        """
        cancelled = orders.browse()
        for order in orders:
            with self._own_transaction() as cr:
                self._lock_offers(cr, order.order_line.groupbuy_offer_id.ids)
                cr.execute(
                    """
                    UPDATE groupbuy_hold AS hold
                       SET state = 'cancelled', write_date = %s
                      FROM groupbuy_campaign AS campaign
                     WHERE hold.partner_id = %s
                       AND hold.key = %s
                       AND campaign.id = hold.campaign_id
                       AND (%s OR campaign.state IN %s)
                    """,
                    [
                        fields.Datetime.now(),
                        order.partner_id.id,
                        order.groupbuy_key,
                        not campaign_states,
                        tuple(campaign_states) or ("",),
                    ],
                )
                if cr.rowcount:
                    cancelled |= order
        return cancelled

    @api.model
    def _expire(self):
        """Give back the pieces of holds that were not paid in time."""
        with self._own_transaction() as cr:
            now = fields.Datetime.now()
            cr.execute(
                "SELECT DISTINCT offer_id FROM groupbuy_hold"
                " WHERE state = 'held' AND expires_at <= %s",
                [now],
            )
            self._lock_offers(cr, [offer_id for (offer_id,) in cr.fetchall()])
            cr.execute(
                "UPDATE groupbuy_hold SET state = 'expired', write_date = %s"
                " WHERE state = 'held' AND expires_at <= %s",
                [now, now],
            )
