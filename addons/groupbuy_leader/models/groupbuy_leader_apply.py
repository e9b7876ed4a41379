import math

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command

MAX_PHOTOS = 5
# Of each text of the form: the longest that is written, and whether it is needed.
TEXTS = {
    "name": (60, True),
    "phone": (30, True),
    "point_name": (80, True),
    "street": (120, True),
    "district": (60, False),
    "city": (60, True),
    "zip": (12, False),
    "opening_hours": (200, True),
    "introduction": (2000, False),
}
POSITION = {"latitude": 90, "longitude": 180}


class GroupbuyLeader(models.Model):
    """What an applicant sends, and how it is read."""

    _inherit = "groupbuy.leader"

    @api.model
    def _get_application(self, user):
        """:return: what this user applied with in the current company, sudoed"""
        # Applicants have no rights; only their own is looked for.
        leaders_sudo = self.sudo().with_context(active_test=False)
        return leaders_sudo.search(
            [
                ("partner_id", "=", user.partner_id.id),
                ("company_id", "=", self.env.company.id),
            ],
            limit=1,
        )

    def _can_apply(self):
        """Whether the form is open: to newcomers (the empty recordset), to those who
        are asked for more, and to those who were rejected."""
        return not self or self.state in ("more_info", "rejected")

    @api.model
    def _apply(self, user, values, photos=()):
        """Send an application, or what it lacked.

        Called by the form's controller only, which counts attempts.

        :param user: who applies
        :param dict values: texts by field name, and "agreed"; whatever else is in it is
            not looked at. The identity number may be left out where it is known
        :param list photos: [file name, base64] of JPEG, PNG or GIF files; with none
            those that are there stay
        :return: the application, sudoed
        :raise UserError: bad input, applied already, or taken by somebody else
        """
        application_sudo = self._get_application(user)
        if not application_sudo._can_apply():
            raise UserError(self.env._("You have applied already."))
        vals = application_sudo._read_application(values)
        pictures = application_sudo._read_photos(photos)
        vals.update(user_id=user.id, state="applied", applied_at=fields.Datetime.now())
        try:
            # The database knows who else has just taken the same number.
            with self.env.cr.savepoint():
                if application_sudo:
                    application_sudo.write({**vals, "active": True})
                else:
                    application_sudo = application_sudo.create(
                        {
                            **vals,
                            "partner_id": user.partner_id.id,
                            "company_id": self.env.company.id,
                        }
                    )
        except UniqueViolation as error:
            raise UserError(
                self.env._(
                    "Somebody else has applied with this phone number, or you have "
                    "applied already."
                )
            ) from error
        if pictures:
            application_sudo._replace_photos(pictures)
        application_sudo._tell("applied")
        return application_sudo

    # === INPUT === #

    def _read_application(self, values):
        """:return: the values of a form, checked"""
        vals = {name: self._read_text(name, values.get(name)) for name in TEXTS}
        for name, limit in POSITION.items():
            vals[name] = self._read_degrees(values.get(name), limit)
        if bool(vals["latitude"]) != bool(vals["longitude"]):
            raise UserError(self.env._("A position has a latitude and a longitude."))
        number = values.get("identity_number") or ""
        if number or not self.identity_masked:
            vals["identity_number"] = self._normalize_identity(number)
        vals["phone"] = self._normalize_phone(vals["phone"])
        self._check_phone_once(vals["phone"])
        if not values.get("agreed"):
            raise UserError(
                self.env._("Without your consent we cannot check who you are.")
            )
        return vals

    def _read_text(self, name, value):
        limit, required = TEXTS[name]
        text = value.strip() if isinstance(value, str) else ""
        label = self._fields[name]._description_string(self.env)
        if required and not text:
            raise UserError(self.env._("Please fill in: %s.", label))
        if len(text) > limit or "\x00" in text:
            raise UserError(
                self.env._(
                    "%(field)s has at most %(limit)s characters.",
                    field=label,
                    limit=limit,
                )
            )
        return text

    def _read_degrees(self, value, limit):
        """:return: a number of degrees, 0.0 for none"""
        try:
            degrees = float(value or 0)
        except (TypeError, ValueError):
            degrees = math.nan
        # What is no number compares as false.
        if not -limit <= degrees <= limit:
            raise UserError(
                self.env._("Latitude goes from -90 to 90, longitude from -180 to 180.")
            )
        return round(degrees, 7)

    def _read_photos(self, photos):
        """:return: [(name, JPEG)] of what was uploaded, written anew"""
        if not isinstance(photos, list | tuple) or len(photos) > MAX_PHOTOS:
            raise UserError(self.env._("Add at most %s photos.", MAX_PHOTOS))
        if not photos and not self.photo_ids:
            raise UserError(self.env._("Add a photo of the place."))
        order_model = self.env["sale.order"]
        return [order_model._groupbuy_read_photo(photo) for photo in photos]

    def _replace_photos(self, pictures):
        before = self.photo_ids
        self.photo_ids = [
            Command.set(
                self.env["ir.attachment"]
                .create(
                    [
                        {
                            "name": name,
                            "raw": content,
                            "mimetype": "image/jpeg",
                            "res_model": self._name,
                            "res_id": self.id,
                        }
                        for name, content in pictures
                    ]
                )
                .ids
            )
        ]
        before.unlink()

    def _get_photo_urls(self):
        """:return: addresses of the photos, for whoever may see this application"""
        tokens = self.photo_ids.generate_access_token()
        return [
            f"/web/image/{photo.id}?access_token={token}"
            for photo, token in zip(self.photo_ids, tokens, strict=True)
        ]
