from odoo import api, fields, models
from odoo.tools import SQL


class GroupbuyCampaign(models.Model):
    """What visitors poll while a campaign is open: read in one query, no ORM."""

    _inherit = "groupbuy.campaign"

    @api.model
    def _get_public_progress(self, campaign_id):
        """:return: the progress of a published campaign as the public route shows it,
        prices in the campaign's currency; None if there is no such campaign
        """
        now = fields.Datetime.now()
        rows = self.env.execute_query_dict(
            SQL(
                """
    WITH taken AS (
          SELECT offer_id, partner_id, state, quantity
            FROM groupbuy_hold
           WHERE campaign_id = %(campaign)s
             AND (state = 'paid' OR state = 'held' AND expires_at > %(now)s)
         ), counted AS (
          SELECT offer_id,
                 COALESCE(SUM(quantity) FILTER (WHERE state = 'paid'), 0) AS paid,
                 SUM(quantity) AS taken
            FROM taken
        GROUP BY offer_id
         )
    SELECT c.state, c.date_open, c.date_close,
           (SELECT COUNT(DISTINCT partner_id) FROM taken WHERE state = 'paid')
               AS participants,
           o.id, COALESCE(counted.paid, 0) AS quantity,
           COALESCE(NULLIF(o.final_price, 0), reached.price, o.base_price) AS price,
           following.min_quantity AS next_quantity, following.price AS next_price,
           CASE WHEN o.quota > 0
                THEN GREATEST(o.quota - COALESCE(counted.taken, 0), 0) END AS remaining
      FROM groupbuy_campaign AS c
      JOIN groupbuy_offer AS o ON o.campaign_id = c.id
 LEFT JOIN counted ON counted.offer_id = o.id
 LEFT JOIN LATERAL (
          SELECT price FROM groupbuy_tier AS t
           WHERE t.offer_id = o.id AND t.min_quantity <= COALESCE(counted.paid, 0)
        ORDER BY t.min_quantity DESC LIMIT 1) AS reached ON TRUE
 LEFT JOIN LATERAL (
          SELECT min_quantity, price FROM groupbuy_tier AS t
           WHERE t.offer_id = o.id AND t.min_quantity > COALESCE(counted.paid, 0)
             AND o.outcome IS NULL
        ORDER BY t.min_quantity LIMIT 1) AS following ON TRUE
     WHERE c.id = %(campaign)s AND c.state NOT IN ('draft', 'cancelled')
  ORDER BY o.sequence, o.id
                """,
                campaign=campaign_id,
                now=now,
            )
        )
        if not rows:
            return None
        first = rows[0]
        state = self._get_state_at(
            now, first["state"], first["date_open"], first["date_close"]
        )
        ends = first["date_open"] if state == "scheduled" else first["date_close"]
        return {
            "campaign": campaign_id,
            "state": state,
            "seconds_left": max(int((ends - now).total_seconds()), 0),
            "participants": first["participants"],
            "offers": [
                {
                    "id": row["id"],
                    "quantity": int(row["quantity"]),
                    "price": float(row["price"]),
                    "next_quantity": row["next_quantity"],
                    "next_price": row["next_price"] and float(row["next_price"]),
                    "remaining": None
                    if row["remaining"] is None
                    else int(row["remaining"]),
                }
                for row in rows
            ],
        }

    @api.model
    def _get_state_at(self, now, state, date_open, date_close):
        """:return: the state that the dates demand, also before the sweep has run"""
        if state == "scheduled" and date_open <= now:
            state = "open"
        if state == "open" and date_close <= now:
            state = "closing"
        return state
