from datetime import timedelta

from odoo import fields, models
from odoo.exceptions import UserError

MAX_NOTE = 200
MAX_AHEAD = timedelta(days=366)
# Who lives further away than all of these does not stand in.
MAX_SUBSTITUTES = 50
NO_REST = {
    "resting": False,
    "rest_from": False,
    "rest_until": False,
    "substitute_id": False,
    "rest_open": False,
}


class GroupbuyLeader(models.Model):
    """The leader's rest: from when until when, and who stands in."""

    _inherit = "groupbuy.leader"

    substitute_point_ids = fields.One2many(
        "groupbuy.pickup.point", "substitute_id", string="Stands In At"
    )

    def _get_run_points(self):
        """:return: the points where this leader works today: their own, and those
        where they stand in"""
        self.ensure_one()
        points = self.point_ids | self.substitute_point_ids
        return points.filtered(lambda point: point._can_be_run_by(self.user_id)).sorted(
            lambda point: (point.name, point.id)
        )

    def _get_substitutes(self, point):
        """:return: the leaders who can stand in at a point, the nearest ones first"""
        self.ensure_one()
        points = self.env["groupbuy.pickup.point"].search(
            [
                ("company_id", "=", self.company_id.id),
                ("leader_id.state", "=", "approved"),
                ("leader_id.user_id", "!=", False),
                ("leader_id", "!=", self.id),
            ]
        )
        position = point._has_position() and (point.latitude, point.longitude)
        near = points._sort_near(position, point.partner_id)
        return self.browse(
            dict.fromkeys(other.leader_id.id for other, _metres in near)
        )[:MAX_SUBSTITUTES]

    def _prepare_rest(self, point):
        """:return: "none", "now", "planned" or "over": how it stands with the rest"""
        today = point.company_id._get_groupbuy_date()
        if not point.resting:
            return "none"
        if point.rest_until and point.rest_until < today:
            return "over"
        return "planned" if point.rest_from and point.rest_from > today else "now"

    # === CHANGE === #

    def _rest(self, point, values):
        """Let a point rest, and tell who stands in.

        :param point: one of this leader's own
        :param dict values: {"rest_from", "rest_until": ISO dates or empty, "rest_note":
            text for residents, "substitute_id": int or empty, "rest_open": truthy if
            the substitute takes new orders}
        :raise UserError: bad input
        """
        self._check_own(point)
        vals = self._read_rest_days(point, values)
        note = values.get("rest_note") or ""
        if not isinstance(note, str) or len(note) > MAX_NOTE:
            raise UserError(
                self.env._("A note is a text of at most %s characters.", MAX_NOTE)
            )
        substitute = self._read_substitute(point, values.get("substitute_id"))
        is_open = bool(values.get("rest_open"))
        if is_open and not substitute:
            raise UserError(
                self.env._("Choose who stands in: without anybody nobody is there.")
            )
        # Of another rest people are told anew, of other days of this one they read.
        is_new = self._prepare_rest(point) in ("none", "over")
        told = self.browse() if is_new else point.substitute_id
        point.write(
            {
                "resting": True,
                "substitute_id": substitute.id,
                "rest_open": is_open,
                **vals,
            }
        )
        self._write_rest_note(point, note.strip())
        if substitute and substitute != told:
            self._tell_substitute(point, substitute)

    def _check_own(self, point):
        self.ensure_one()
        if len(point) != 1 or point not in self.point_ids or self.state != "approved":
            raise UserError(self.env._("This is not a pickup point that you run."))

    def _read_rest_days(self, point, values):
        today = point.company_id._get_groupbuy_date()
        try:
            begin, end = (
                fields.Date.to_date(values.get(name) or None)
                for name in ("rest_from", "rest_until")
            )
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("Give days as year-month-day.")) from error
        if end and end < max(begin or today, today):
            raise UserError(
                self.env._("The last day is not before the first one, nor over.")
            )
        if any(day and day > today + MAX_AHEAD for day in (begin, end)):
            raise UserError(self.env._("Plan a rest at most one year ahead."))
        return {"rest_from": begin or False, "rest_until": end or False}

    def _read_substitute(self, point, substitute_id):
        substitutes = self._get_substitutes(point)
        if not substitute_id:
            return self.browse()
        substitute = substitutes.filtered(lambda other: other.id == substitute_id)
        if not substitute:
            raise UserError(self.env._("This leader cannot stand in for you."))
        return substitute

    def _write_rest_note(self, point, note):
        # One text for all: what was said in another language before is over.
        languages = [code for code, _name in self.env["res.lang"].get_installed()]
        point.update_field_translations("rest_note", dict.fromkeys(languages, note))

    def _end_rest(self, point):
        """Open one of this leader's own points again.

        :raise UserError: it is not theirs
        """
        self._check_own(point)
        point.write(NO_REST)
        self._write_rest_note(point, "")

    def _decline(self, point):
        """No longer stand in at a point; its leader is told.

        :raise UserError: this leader does not stand in there
        """
        self.ensure_one()
        if len(point) != 1 or point.substitute_id != self:
            raise UserError(self.env._("You do not stand in at this pickup point."))
        point.write({"substitute_id": False, "rest_open": False})
        leader = point.leader_id
        texts = leader.with_context(lang=leader.partner_id.lang).env
        leader.message_notify(
            partner_ids=leader.partner_id.ids,
            subject=texts._("Nobody stands in at %s", point.name),
            body=texts._(
                "%(leader)s cannot stand in for you. Choose somebody else, or nobody.",
                leader=self.partner_id.name,
            ),
        )

    def _tell_substitute(self, point, substitute):
        # In the words of the one who reads it.
        texts = substitute.with_context(lang=substitute.partner_id.lang).env
        substitute.message_notify(
            partner_ids=substitute.partner_id.ids,
            subject=texts._("You stand in at %s", point.name),
            body=texts._(
                "%(leader)s rests (%(begin)s – %(end)s) and asks you to receive and "
                "hand over the goods there. You find them in your portal on these "
                "days; there you can also decline.",
                leader=self.partner_id.name,
                begin=point.rest_from or "",
                end=point.rest_until or "",
            ),
        )
