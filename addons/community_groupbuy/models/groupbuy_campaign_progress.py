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
        return self._get_public_progresses([campaign_id]).get(campaign_id)

    @api.model
    def _get_public_progresses(self, campaign_ids):
        """:return: {campaign id: progress} of those campaigns that are published"""
        if not campaign_ids:
            return {}
        now = fields.Datetime.now()
        rows = self.env.execute_query_dict(
            SQL(
                """
    WITH taken AS (
          SELECT o.campaign_id, h.offer_id, h.partner_id, h.state, h.quantity,
                 h.price
            FROM groupbuy_offer AS o
            JOIN groupbuy_hold AS h ON h.offer_id = o.id
           WHERE o.campaign_id IN %(campaigns)s
             AND (h.state = 'paid' OR h.state = 'held' AND h.expires_at > %(now)s)
         ), counted AS (
          SELECT offer_id,
                 COALESCE(SUM(quantity) FILTER (WHERE state = 'paid'), 0) AS paid,
                 SUM(quantity) AS taken
            FROM taken
        GROUP BY offer_id
         ), shared AS (
          SELECT o.id AS offer_id, SUM(h.quantity) AS taken
            FROM groupbuy_offer AS o
            JOIN groupbuy_offer AS other
              ON (other.id = o.quota_offer_id
                  OR other.quota_offer_id = COALESCE(o.quota_offer_id, o.id))
             AND other.id <> o.id
            JOIN groupbuy_hold AS h ON h.offer_id = other.id
           WHERE o.campaign_id IN %(campaigns)s
             AND (h.state = 'paid' OR h.state = 'held' AND h.expires_at > %(now)s)
        GROUP BY o.id
         ), joined AS (
          SELECT campaign_id, COUNT(DISTINCT partner_id) AS participants,
                 SUM(quantity) AS pieces, SUM(quantity * price) AS amount
            FROM taken
           WHERE state = 'paid'
        GROUP BY campaign_id
         )
    SELECT c.id AS campaign, c.state, c.date_open, c.date_close,
           COALESCE(joined.participants, 0) AS participants,
           NULLIF(c.goal_value, 0) AS goal_value,
           c.goal_type,
           COALESCE(CASE c.goal_type
                    WHEN 'participants' THEN joined.participants
                    WHEN 'quantity' THEN joined.pieces
                    WHEN 'amount' THEN joined.amount END, 0) AS reached,
           o.id, COALESCE(counted.paid, 0) AS quantity,
           COALESCE(NULLIF(o.final_price, 0), reached.price, o.base_price) AS price,
           following.min_quantity AS next_quantity, following.price AS next_price,
           CASE WHEN quota.quota > 0
                THEN GREATEST(quota.quota - COALESCE(counted.taken, 0)
                              - COALESCE(shared.taken, 0), 0) END AS remaining
      FROM groupbuy_campaign AS c
      JOIN groupbuy_offer AS o ON o.campaign_id = c.id
      JOIN groupbuy_offer AS quota ON quota.id = COALESCE(o.quota_offer_id, o.id)
 LEFT JOIN counted ON counted.offer_id = o.id
 LEFT JOIN shared ON shared.offer_id = o.id
 LEFT JOIN joined ON joined.campaign_id = c.id
 LEFT JOIN LATERAL (
          SELECT price FROM groupbuy_tier AS t
           WHERE t.offer_id = o.id AND t.min_quantity <= COALESCE(counted.paid, 0)
        ORDER BY t.min_quantity DESC LIMIT 1) AS reached ON TRUE
 LEFT JOIN LATERAL (
          SELECT min_quantity, price FROM groupbuy_tier AS t
           WHERE t.offer_id = o.id AND t.min_quantity > COALESCE(counted.paid, 0)
             AND o.outcome IS NULL
        ORDER BY t.min_quantity LIMIT 1) AS following ON TRUE
     WHERE c.id IN %(campaigns)s AND c.state NOT IN ('draft', 'cancelled')
       AND %(shown)s
  ORDER BY c.id, o.sequence, o.id
                """,
                campaigns=tuple(campaign_ids),
                now=now,
                shown=self._get_shown_sql(),
            )
        )
        progresses = {}
        for row in rows:
            progress = progresses.get(row["campaign"])
            if not progress:
                progress = progresses[row["campaign"]] = self._prepare_progress(
                    row, now
                )
            progress["offers"].append(self._prepare_offer_progress(row))
        return progresses

    @api.model
    def _get_shown_sql(self):
        """:return: SQL for whether residents see an offer `o`"""
        # The same for everybody, whoever asks.
        offers_sudo = self.env["groupbuy.offer"].sudo()
        domain = offers_sudo._get_shown_domain()
        if domain.is_true():
            return SQL("TRUE")
        return SQL("o.id IN %s", offers_sudo._search(domain).subselect())

    @api.model
    def _prepare_progress(self, row, now):
        state = self._get_state_at(
            now, row["state"], row["date_open"], row["date_close"]
        )
        ends = row["date_open"] if state == "scheduled" else row["date_close"]
        return {
            "campaign": row["campaign"],
            "state": state,
            "seconds_left": max(int((ends - now).total_seconds()), 0),
            "participants": row["participants"],
            "goal": self._prepare_goal_progress(row),
            "offers": [],
        }

    @api.model
    def _prepare_goal_progress(self, row):
        """:return: what must be reached and how much is missing, in participants,
        pieces or the campaign's currency; None without a goal
        """
        goal = row["goal_type"] != "none" and float(row["goal_value"] or 0)
        if not goal:
            return None
        reached = float(row["reached"])
        return {
            "missing": max(goal - reached, 0),
            "bar": min(int(100 * reached / goal), 100),
        }

    @api.model
    def _prepare_offer_progress(self, row):
        remaining = row["remaining"]
        return {
            "id": row["id"],
            "quantity": int(row["quantity"]),
            "price": float(row["price"]),
            "next_quantity": row["next_quantity"],
            "next_price": row["next_price"] and float(row["next_price"]),
            "remaining": None if remaining is None else int(remaining),
        }

    @api.model
    def _get_state_at(self, now, state, date_open, date_close):
        """:return: the state that the dates demand, also before the sweep has run"""
        if state == "scheduled" and date_open <= now:
            state = "open"
        if state == "open" and date_close <= now:
            state = "closing"
        return state
