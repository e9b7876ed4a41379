from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

from odoo.addons.community_groupbuy.models.groupbuy_pickup_point_handover import (
    escape_like,
    mask_phone,
)

# Orders that a leader has to do with: not carts, nor what never came about.
SHOWN = ("waiting", "to_ship", "shipped", "ready", "received", "refunded")
PROBLEM_DAYS = timedelta(days=7)
LISTED = 20


class GroupbuyLeader(models.Model):
    """What a leader has to do, and the orders of the points that they run.

    All of this is for superuser mode: the pages choose the leader who is signed in.
    """

    _inherit = "groupbuy.leader"

    # === TODAY === #

    def _prepare_today(self):
        """What the first page of the portal shows.

        :return: {"points", "coming" (transfers on their way), "planned" (transfers that
            are to leave), "counts": {"ready", "late", "done" (handed over today),
            "coming", "problems"}, "late" (orders), "issues", "claims",
            "stand_ins" (points where this leader stands in today)}
        """
        points = self._get_run_points()
        here = Domain("pickup_point_id", "in", points.ids)
        orders = self.env["sale.order"]
        ready = here & Domain("groupbuy_status", "=", "ready")
        late = ready & Domain("groupbuy_collect_until", "<", fields.Datetime.now())
        begin, _end = self.env["groupbuy.pickup.point"]._get_day_limits(
            self.company_id, self.company_id._get_groupbuy_date()
        )
        transfers = here & Domain("groupbuy_kind", "=", "transfer")
        pickings = self.env["stock.picking"]
        coming = pickings.search(
            transfers & Domain("groupbuy_stage", "=", "way"), order="date_done, id"
        )
        issues = self.env["groupbuy.arrival.issue"].search(
            here & Domain("create_date", ">", fields.Datetime.now() - PROBLEM_DAYS),
            limit=LISTED,
        )
        claims = self.env["groupbuy.claim"].search(
            here & Domain("state", "in", ("submitted", "in_progress", "waiting")),
            limit=LISTED,
        )
        return {
            "points": points,
            "coming": coming,
            "planned": pickings.search(
                transfers
                & Domain("groupbuy_stage", "=", "warehouse")
                & Domain("state", "not in", ("done", "cancel")),
                order="scheduled_date, id",
                limit=LISTED,
            ),
            "late": orders.search(
                late, order="groupbuy_collect_until, id", limit=LISTED
            ),
            "issues": issues,
            "claims": claims,
            "stand_ins": points - self.point_ids,
            "counts": {
                "coming": len(coming),
                "ready": orders.search_count(ready),
                "late": orders.search_count(late),
                "done": self.env["groupbuy.handover"].search_count(
                    [
                        ("point_id", "in", points.ids),
                        ("date", ">=", begin),
                        ("undone_at", "=", False),
                    ]
                ),
                "problems": len(issues) + len(claims),
            },
        }

    # === ORDERS === #

    def _get_order_domain(
        self, status=None, point_id=None, campaign_id=None, search=""
    ):
        """:param status: of `groupbuy_status`, or "late"; unknown ones count as all
        :param search: part of a resident's name, of the order's number, of a group buy
            or of the goods, or the last four digits of a phone number
        :return: the domain of orders at the points that this leader runs
        """
        domain = Domain("pickup_point_id", "in", self._get_run_points().ids)
        domain &= Domain("groupbuy_status", "in", SHOWN)
        if status == "late":
            domain &= Domain("groupbuy_status", "=", "ready")
            domain &= Domain("groupbuy_collect_until", "<", fields.Datetime.now())
        elif status in SHOWN:
            domain &= Domain("groupbuy_status", "=", status)
        if point_id:
            domain &= Domain("pickup_point_id", "=", point_id)
        if campaign_id:
            domain &= Domain("groupbuy_campaign_id", "=", campaign_id)
        text = str(search or "").strip()[:100]
        if not text:
            return domain
        if len(text) == 4 and text.isascii() and text.isdecimal():
            # Exactly four: more would let a number be found digit by digit.
            phone = Domain("partner_id.phone", "=like", f"%{text}")
        else:
            phone = Domain.FALSE
        text = escape_like(text)
        return domain & Domain.OR(
            [
                Domain("name", "ilike", text),
                Domain("partner_id.name", "ilike", text),
                Domain("groupbuy_campaign_id.name", "ilike", text),
                Domain("order_line.product_id.name", "ilike", text),
                phone,
            ]
        )

    def _count_orders(self, **filters):
        """:return: {status, also "late": orders that match, see `_get_order_domain`}"""
        orders = self.env["sale.order"]
        counts = dict(
            orders._read_group(
                self._get_order_domain(**filters), ["groupbuy_status"], ["__count"]
            )
        )
        late = orders.search_count(self._get_order_domain("late", **filters))
        return {**counts, "late": late}

    def _get_phone(self, order):
        """:return: {"text", "url"}: a resident can be called while goods wait here;
        before and after, the end of the number is enough to ask for"""
        phone = order.partner_id.phone
        if order.groupbuy_status != "ready":
            return {"text": mask_phone(phone), "url": False}
        digits = "".join(char for char in phone or "" if char in "+0123456789")
        return {"text": phone or "", "url": digits and f"tel:{digits}"}

    def _get_customer_phone(self, partner):
        """:return: as of `_get_phone`, of a customer whose goods wait or do not"""
        ready = self._get_order_domain("ready") & Domain("partner_id", "=", partner.id)
        order = self.env["sale.order"].search(ready, limit=1)
        if order:
            return self._get_phone(order)
        return {"text": mask_phone(partner.phone), "url": False}

    def _get_transfer_domain(self):
        """:return: the domain of deliveries to the points that this leader runs"""
        return Domain("pickup_point_id", "in", self._get_run_points().ids) & Domain(
            "groupbuy_kind", "=", "transfer"
        )
