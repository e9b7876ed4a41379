from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.community_groupbuy.models.groupbuy_pickup_point_handover import (
    escape_like,
)

# What counts as bought: paid, and not given back.
BOUGHT = ("waiting", "to_ship", "shipped", "ready", "received")
FAVOURITES = 3
MAX_NOTE = 1000
MAX_TAGS = 10
MAX_TAG_SIZE = 30
SORTS = {
    "last": SQL("last_at DESC, partner_id"),
    "turnover": SQL("turnover DESC, partner_id"),
    "orders": SQL("orders DESC, partner_id"),
    "name": SQL("partner_name, partner_id"),
}


class GroupbuyLeaderTag(models.Model):
    """A word of a leader's own for customers."""

    _name = "groupbuy.leader.tag"
    _description = "Leader's Tag"
    _order = "name, id"

    leader_id = fields.Many2one(
        "groupbuy.leader", required=True, index=True, ondelete="cascade"
    )
    name = fields.Char(required=True, size=MAX_TAG_SIZE)

    _name_unique = models.UniqueIndex(
        "(leader_id, name)", "This leader has this tag already."
    )

    @api.model
    def _ensure(self, leader, names):
        """:return: the leader's tags of these names, made where they are new"""
        tags = self.search([("leader_id", "=", leader.id), ("name", "in", names)])
        new = [name for name in names if name not in tags.mapped("name")]
        return tags | self.create(
            [{"leader_id": leader.id, "name": name} for name in new]
        )

    @api.model
    def _forget_unused(self, leader):
        used = self.env["groupbuy.leader.customer"].search(
            [("leader_id", "=", leader.id), ("tag_ids", "!=", False)]
        )
        (self.search([("leader_id", "=", leader.id)]) - used.tag_ids).unlink()


class GroupbuyLeaderCustomer(models.Model):
    """What a leader notes about a customer; the figures come from the orders."""

    _name = "groupbuy.leader.customer"
    _description = "Leader's Customer"
    _rec_name = "partner_id"

    leader_id = fields.Many2one(
        "groupbuy.leader", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner", required=True, index=True, ondelete="cascade"
    )
    tag_ids = fields.Many2many("groupbuy.leader.tag", string="Tags")
    note = fields.Text()

    _partner_unique = models.UniqueIndex("(leader_id, partner_id)")

    # === NOTES === #

    @api.model
    def _get(self, leader, partner):
        """:return: what the leader noted about this customer, if anything"""
        return self.search(
            [("leader_id", "=", leader.id), ("partner_id", "=", partner.id)]
        )

    @api.model
    def _save(self, leader, partner, tags, note):
        """Write down what a leader notes about a customer.

        :param str tags: separated by commas, also Chinese ones
        :param str note: for the leader's eyes
        :raise UserError: no customer of theirs, or bad input
        """
        if not self._list(leader, partners=partner)[1]:
            raise UserError(self.env._("This is not a customer of yours."))
        if not isinstance(tags, str) or not isinstance(note, str):
            raise UserError(self.env._("Tags and notes are texts."))
        for comma in "，、;；\n":
            tags = tags.replace(comma, ",")
        names = list(
            dict.fromkeys(filter(None, (name.strip() for name in tags.split(","))))
        )
        if len(names) > MAX_TAGS or any(len(name) > MAX_TAG_SIZE for name in names):
            raise UserError(
                self.env._(
                    "A customer has up to %(tags)s tags of up to %(size)s characters.",
                    tags=MAX_TAGS,
                    size=MAX_TAG_SIZE,
                )
            )
        if len(note) > MAX_NOTE:
            raise UserError(
                self.env._("A note is a text of at most %s characters.", MAX_NOTE)
            )
        vals = {
            "tag_ids": self.env["groupbuy.leader.tag"]._ensure(leader, names).ids,
            "note": note.strip(),
        }
        customer = self._get(leader, partner)
        if customer:
            customer.write(vals)
        else:
            self.create(
                {"leader_id": leader.id, "partner_id": partner.id, **vals},
            )
        self.env["groupbuy.leader.tag"]._forget_unused(leader)

    # === FIGURES === #

    @api.model
    def _list(
        self,
        leader,
        search="",
        tag=None,
        sort="last",
        offset=0,
        limit=40,
        partners=None,
    ):
        """List who buys at the leader's own points.

        :param str search: part of a name, or of the leader's note
        :param tag: one of the leader's tags, by its number
        :param str sort: "last", "turnover", "orders" or "name"
        :param partners: only these
        :return: ([{"partner", "orders", "turnover" (in the company's currency),
            "last_at" (UTC), "note", "tags"}], how many there are in all)
        """
        points = leader.point_ids
        if not points:
            return [], 0
        self._flush_figures()
        conditions = [
            SQL("o.pickup_point_id IN %s", tuple(points.ids)),
            SQL("o.groupbuy_status IN %s", BOUGHT),
        ]
        if partners is not None:
            conditions.append(SQL("o.partner_id = ANY(%s)", list(partners.ids)))
        if text := str(search or "").strip()[:100]:
            pattern = f"%{escape_like(text)}%"
            conditions.append(
                SQL("(p.name ILIKE %s OR c.note ILIKE %s)", pattern, pattern)
            )
        if tag:
            relation = SQL.identifier(self._fields["tag_ids"].relation)
            conditions.append(
                SQL(
                    "EXISTS (SELECT FROM %s AS rel"
                    " WHERE rel.groupbuy_leader_customer_id = c.id"
                    " AND rel.groupbuy_leader_tag_id = %s)",
                    relation,
                    tag.id,
                )
            )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT o.partner_id, p.name AS partner_name, c.id,
                       COUNT(*) AS orders,
                       SUM(o.amount_total / COALESCE(NULLIF(o.currency_rate, 0), 1))
                           AS turnover,
                       MAX(o.date_order) AS last_at,
                       COUNT(*) OVER () AS total
                  FROM sale_order AS o
                  JOIN res_partner AS p ON p.id = o.partner_id
             LEFT JOIN groupbuy_leader_customer AS c
                    ON c.partner_id = o.partner_id AND c.leader_id = %s
                 WHERE %s
              GROUP BY o.partner_id, p.name, c.id
              ORDER BY %s
                OFFSET %s LIMIT %s
                """,
                leader.id,
                SQL(" AND ").join(conditions),
                SORTS.get(sort, SORTS["last"]),
                offset,
                limit,
            )
        )
        # Read at once, for all of the page.
        all_partners = self.env["res.partner"].browse(row[0] for row in rows)
        customers = self.browse(row[2] for row in rows if row[2])
        notes = {customer.partner_id: customer for customer in customers}
        found = [
            {
                "partner": partner,
                "orders": row[3],
                "turnover": row[4],
                "last_at": row[5],
                "note": notes.get(partner, self).note or "",
                "tags": notes.get(partner, self).tag_ids,
            }
            for partner, row in zip(all_partners, rows, strict=True)
        ]
        return found, rows[0][6] if rows else 0

    @api.model
    def _get_favourites(self, leader, partners):
        """:return: {partner: the products that they buy most often at this leader's
        points, at most three}"""
        points = leader.point_ids
        if not points or not partners:
            return {}
        self._flush_figures()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT partner_id, product_id
                  FROM (
                    SELECT o.partner_id, l.product_id,
                           ROW_NUMBER() OVER (
                               PARTITION BY o.partner_id
                               ORDER BY COUNT(DISTINCT o.id) DESC,
                                        SUM(l.product_uom_qty) DESC, l.product_id
                           ) AS rank
                      FROM sale_order_line AS l
                      JOIN sale_order AS o ON o.id = l.order_id
                     WHERE o.partner_id = ANY(%s)
                       AND o.pickup_point_id IN %s
                       AND o.groupbuy_status IN %s
                       AND l.product_id IS NOT NULL
                       AND l.product_uom_qty > 0
                       AND l.reward_id IS NULL
                       AND l.is_delivery IS NOT TRUE
                  GROUP BY o.partner_id, l.product_id
                       ) AS bought
                 WHERE rank <= %s
              ORDER BY partner_id, rank
                """,
                list(partners.ids),
                tuple(points.ids),
                BOUGHT,
                FAVOURITES,
            )
        )
        products = self.env["product.product"].browse(row[1] for row in rows)
        favourites = {}
        for (partner_id, _product_id), product in zip(rows, products, strict=True):
            favourites.setdefault(partner_id, []).append(product)
        return {partner: favourites.get(partner.id, []) for partner in partners}

    def _flush_figures(self):
        self.env["sale.order"].flush_model()
        self.env["sale.order.line"].flush_model()
        self.env["res.partner"].flush_model(["name"])
        self.flush_model()
