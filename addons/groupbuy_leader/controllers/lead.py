import base64
import json

from odoo.exceptions import UserError
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..models.groupbuy_leader_apply import MAX_PHOTOS, TEXTS

# A little more than is allowed, so that too much can be told from just enough.
MAX_READ = 5 * 2**20 + 16
KEPT = (*TEXTS, "latitude", "longitude")


class GroupbuyLead(CustomerPortal):
    """Become a leader: the application on the website, and where it stands."""

    @route(
        "/groupbuy/lead",
        type="http",
        auth="public",
        website=True,
        sitemap=True,
    )
    def groupbuy_lead(self, again=None, **_kwargs):
        """Tell what leaders do, to whoever is not signed in; else show the form, or
        where one's own application stands."""
        if request.env.user._is_public():
            return request.render("groupbuy_leader.lead_intro", self._sign_in_values())
        application_sudo = self._get_application()
        rejected = application_sudo.state == "rejected" and not again
        if rejected or not application_sudo._can_apply():
            return request.render(
                "groupbuy_leader.lead_status",
                {
                    "application": application_sudo,
                    "working": request.env.user._groupbuy_get_leader(),
                },
            )
        return self._render_form(application_sudo)

    def _get_application(self):
        leader_model = request.env["groupbuy.leader"]
        return leader_model._get_application(request.env.user)

    def _sign_in_values(self):
        open_to_all = request.website.auth_signup_uninvited == "b2c"
        return {"signup": open_to_all}

    def _render_form(self, application_sudo, values=None, error=None):
        partner = request.env.user.partner_id
        if values is None and application_sudo:
            values = {name: application_sudo[name] or "" for name in KEPT}
        elif values is None:
            values = {
                "name": partner.name,
                "phone": partner.phone or "",
                "street": partner.street or "",
                "district": partner.street2 or "",
                "city": partner.city or "",
                "zip": partner.zip or "",
            }
        return request.render(
            "groupbuy_leader.lead_form",
            {
                "application": application_sudo,
                "values": values,
                "error": error,
                "limits": {name: limit for name, (limit, _needed) in TEXTS.items()},
                "max_photos": MAX_PHOTOS,
                "points": json.dumps(self._prepare_points()),
            },
        )

    def _prepare_points(self):
        """:return: the pickup points on the map, which everybody may see"""
        return request.env["groupbuy.pickup.point"].search_read(
            [("company_id", "=", request.env.company.id), ("latitude", "!=", 0)],
            ["name", "latitude", "longitude"],
            load=False,
        )

    @route(
        "/groupbuy/lead/apply",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def groupbuy_lead_apply(self, **post):
        """Send the application, or what it lacked."""
        user = request.env.user
        files = request.httprequest.files.getlist("photos")
        # One more than is allowed, so that too many are refused and not forgotten.
        photos = [
            (file.filename, base64.b64encode(file.read(MAX_READ)))
            for file in files[: MAX_PHOTOS + 1]
            if file.filename
        ]
        try:
            # Stays also when the application is refused.
            request.env["groupbuy.leader.attempt"].sudo()._log(
                user, request.httprequest.remote_addr
            )
            with request.env.cr.savepoint():
                request.env["groupbuy.leader"]._apply(user, post, photos)
        except UserError as error:
            # The identity number is typed again: it is sent back to no browser.
            return self._render_form(
                self._get_application(),
                {name: post.get(name) or "" for name in KEPT},
                str(error),
            )
        return request.redirect("/groupbuy/lead")
