from datetime import datetime, time, timedelta
from math import asin, cos, inf, isfinite, radians, sin, sqrt

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

EARTH_RADIUS = 6_371_000  # metres
# First key of the advisory locks; see also `groupbuy.hold`.
POINT_LOCKS = 0x6762_7074  # "gbpt"


class GroupbuyPickupPoint(models.Model):
    """Which points take orders for a day, and how near they are."""

    _inherit = "groupbuy.pickup.point"

    resting = fields.Boolean(
        tracking=True,
        help="Takes no new orders: now, or on the days given. Orders that it has "
        "already are handed over as planned.",
    )
    rest_from = fields.Date(help="First day of the rest; empty: now.")
    rest_until = fields.Date(help="Last day of the rest; empty: until switched off.")
    rest_note = fields.Char(
        translate=True, help="What residents read while the point rests."
    )

    _rest_check = models.Constraint(
        "CHECK(rest_until >= rest_from)", "The rest ends before it begins."
    )

    # === DAYS === #

    @api.model
    def _get_day_limits(self, company, day):
        """:return: (begin, end) of a day where the company is, both UTC"""
        zone = pytz.timezone(company._get_groupbuy_zone())
        return tuple(
            zone.localize(datetime.combine(date, time.min))
            .astimezone(pytz.utc)
            .replace(tzinfo=None)
            for date in (day, day + timedelta(days=1))
        )

    # === RESTING AND FULL === #

    def _is_resting(self, day):
        """Whether this point takes no orders to be collected on `day`."""
        return self._is_rest_day(day)

    def _is_rest_day(self, day):
        """Whether this point's rest has begun on `day` and is not over."""
        self.ensure_one()
        return (
            self.resting
            and (not self.rest_from or self.rest_from <= day)
            and (not self.rest_until or day <= self.rest_until)
        )

    def _count_orders(self, day, cr=None):
        """Count the orders to be collected on a day, joins being paid included.

        :param cr: a cursor that sees what others have committed; default: this one
        :return: {point id: orders}, without the points that have none
        """
        if not self:
            return {}
        begin, end = self._get_day_limits(self.company_id[:1], day)
        if not cr:
            self.env.flush_all()
        cr = cr or self.env.cr
        cr.execute(
            SQL(
                """
                SELECT point_id, COUNT(*)
                  FROM (
                    SELECT hold.pickup_point_id AS point_id, hold.partner_id, hold.key
                      FROM groupbuy_hold AS hold
                      JOIN groupbuy_campaign AS campaign
                        ON campaign.id = hold.campaign_id
                 LEFT JOIN sale_order AS o
                        ON o.partner_id = hold.partner_id AND o.groupbuy_key = hold.key
                     WHERE hold.pickup_point_id IN %(points)s
                       AND (hold.state = 'paid'
                            OR hold.state = 'held' AND hold.expires_at > %(now)s)
                       AND o.state IS DISTINCT FROM 'cancel'
                       AND COALESCE(campaign.pickup_date, hold.create_date)
                           >= %(begin)s
                       AND COALESCE(campaign.pickup_date, hold.create_date) < %(end)s
                     UNION
                    SELECT o.pickup_point_id, o.partner_id, o.name
                      FROM sale_order AS o
                     WHERE o.pickup_point_id IN %(points)s
                       AND o.groupbuy_campaign_id IS NULL
                       AND o.state = 'sale'
                       AND COALESCE(o.commitment_date, o.date_order) >= %(begin)s
                       AND COALESCE(o.commitment_date, o.date_order) < %(end)s
                       ) AS taken
              GROUP BY point_id
                """,
                points=tuple(self.ids),
                now=fields.Datetime.now(),
                begin=begin,
                end=end,
            )
        )
        return dict(cr.fetchall())

    def _get_closed(self, day):
        """:return: {point: "resting" or "full"} of those that take no order then"""
        closed = {point: "resting" for point in self if point._is_resting(day)}
        limited = self.filtered("capacity") - self.browse(p.id for p in closed)
        counts = limited._count_orders(day)
        closed.update(
            (point, "full")
            for point in limited
            if counts.get(point.id, 0) >= point.capacity
        )
        return closed

    def _take_place(self, cr, day):
        """Let nobody else take a place at this point until `cr` commits.

        :param cr: a cursor that sees what others have committed
        :raise UserError: this point takes no order for that day
        """
        self._check_not_resting(day)
        if self.capacity:
            self._lock(cr)
            self._check_not_full(day, cr)

    def _lock(self, cr):
        self.ensure_one()
        cr.execute("SELECT pg_advisory_xact_lock(%s, %s)", [POINT_LOCKS, self.id])

    def _check_open(self, day):
        """:raise UserError: this point takes no order for that day"""
        self._check_not_resting(day)
        if self.capacity:
            self._check_not_full(day)

    def _check_not_resting(self, day):
        self.ensure_one()
        if self._is_resting(day):
            note = self.rest_note and f" ({self.rest_note})" or ""
            raise UserError(
                self.env._(
                    "%(point)s is resting%(note)s. Please choose another pickup point.",
                    point=self.name,
                    note=note,
                )
            )

    def _check_not_full(self, day, cr=None):
        self.ensure_one()
        if self._count_orders(day, cr).get(self.id, 0) >= self.capacity:
            raise UserError(
                self.env._(
                    "%s takes no more orders for that day. Please choose another "
                    "pickup point.",
                    self.name,
                )
            )

    # === NEAR === #

    def _has_position(self):
        self.ensure_one()
        return bool(self.latitude or self.longitude)

    def _get_distance(self, latitude, longitude):
        """:return: metres as the crow flies (haversine), None without a position"""
        self.ensure_one()
        if not self._has_position():
            return None
        here, there = radians(latitude), radians(self.latitude)
        half = (
            sin((there - here) / 2) ** 2
            + cos(here) * cos(there) * sin(radians(self.longitude - longitude) / 2) ** 2
        )
        return round(2 * EARTH_RADIUS * asin(sqrt(min(half, 1.0))))

    @api.model
    def _read_position(self, latitude, longitude, partner=None):
        """Take a position as a browser sends it, else that of an address.

        :return: (latitude, longitude) in degrees, or None
        :raise UserError: what was sent is no position
        """
        if latitude is None and longitude is None:
            if partner and (partner.partner_latitude or partner.partner_longitude):
                return partner.partner_latitude, partner.partner_longitude
            return None
        if not all(
            isinstance(degrees, int | float)
            and not isinstance(degrees, bool)
            and isfinite(degrees)
            and abs(degrees) <= limit
            for degrees, limit in ((latitude, 90), (longitude, 180))
        ):
            raise UserError(
                self.env._(
                    "A position is a latitude from -90 to 90 and a longitude from -180 "
                    "to 180."
                )
            )
        return latitude, longitude

    def _sort_near(self, position=None, partner=None, search=""):
        """Sort points: those that match a text, then the nearest, then those in the
        resident's own district and city, then by name.

        :return: [(point, metres or None)]
        """
        words = str(search or "")[:100].lower().split()

        def rank(item):
            point, metres = item
            text = " ".join(
                filter(
                    None,
                    (point.name, point.street, point.district, point.city, point.zip),
                )
            ).lower()
            return (
                not all(word in text for word in words),
                inf if metres is None else metres,
                not (partner and point.district and point.district == partner.street2),
                not (partner and point.city and point.city == partner.city),
                point.name,
                point.id,
            )

        return sorted(
            (
                (point, point._get_distance(*position) if position else None)
                for point in self
            ),
            key=rank,
        )

    @api.model
    def _get_domain_of(self, company):
        return Domain("company_id", "=", company.id)

    # === SHOWN === #

    def _get_address_text(self):
        self.ensure_one()
        return " ".join(filter(None, (self.city, self.district, self.street)))

    def _get_image_url(self):
        """:return: the address of this point's picture, None without any"""
        self.ensure_one()
        if not self.with_context(bin_size=True).image_128:
            return None
        return self.env["website"].image_url(self, "image_256")

    def _prepare_location(self, metres=None):
        """:return: this point as Odoo's pickup-location mechanism describes one"""
        self.ensure_one()
        return {
            "id": str(self.id),
            "name": self.name,
            "street": " ".join(filter(None, (self.district, self.street))),
            "city": self.city or "",
            "zip_code": self.zip or "",
            "country_code": self.partner_id.country_id.code or "",
            "latitude": str(self.latitude),
            "longitude": str(self.longitude),
            "opening_hours": {},
            "additional_data": {
                "groupbuy": True,
                "hours": self.opening_hours or "",
                "metres": metres,
                "image_url": self._get_image_url() or "",
            },
        }
