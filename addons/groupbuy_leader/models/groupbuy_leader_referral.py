import time

from odoo import api, fields, models
from odoo.http import request
from odoo.tools import consteq, hmac

COOKIE = "groupbuy_leader"
DAY = 24 * 60 * 60


class GroupbuyLeader(models.Model):
    """Whose link brought an order: the last one that was followed, for some days.

    Who followed a link is known to the visitor's browser alone, by a signed cookie; it
    is looked at when something is ordered. Pages look the same with and without it.
    """

    _inherit = "groupbuy.leader"

    referred_order_ids = fields.One2many("sale.order", "groupbuy_referrer_id")

    # === LINKS === #

    def _get_share_path(self, campaign=None):
        """:return: the address of this leader's page, or of a campaign by way of this
        leader, within the website"""
        self.ensure_one()
        path = f"/groupbuy/l/{self.slug}"
        return f"{path}/{campaign.id}" if campaign else path

    @api.model
    def _find_by_slug(self, slug):
        """:return: the approved leader of the current company whose page has this
        address, sudoed; or none"""
        # Visitors have no rights on leaders; pages choose what they show of them.
        leaders_sudo = self.sudo()
        if not slug.isalnum():
            return leaders_sudo.browse()
        return leaders_sudo.search(
            [
                ("slug", "=", slug),
                ("company_id", "=", self.env.company.id),
                ("state", "=", "approved"),
            ],
            limit=1,
        )

    # === COOKIE === #

    def _get_referral(self):
        """:return: what a visitor's browser keeps of having followed this leader's
        link just now"""
        self.ensure_one()
        text = f"{self.id}.{int(time.time())}"
        return f"{text}.{self._sign_referral(text)}"

    @api.model
    def _sign_referral(self, text):
        return hmac(self.env(su=True), "groupbuy-referral", text)[:32]

    @api.model
    def _read_referral(self, cookie, days):
        """:param cookie: as the browser sends it
        :param int days: for which following a link counts
        :return: the leader's id; None if the cookie is too old or not ours
        """
        text, _point, signature = str(cookie or "")[:100].rpartition(".")
        if not (text.isascii() and signature.isascii()):
            return None
        if not consteq(self._sign_referral(text), signature):
            return None
        leader_id, _point, followed_at = text.partition(".")
        age = time.time() - int(followed_at)
        return int(leader_id) if age < days * DAY else None

    @api.model
    def _get_referrer(self, partner, company):
        """Find who brought an order that is being written in this request.

        :param partner: who orders
        :return: the leader whose link this browser followed last, sudoed; none if that
            was too long ago, or nobody, or it is the leader's own order
        """
        # Only browsers carry cookies; jobs and other systems have none.
        cookie = request and request.httprequest.cookies.get(COOKIE)
        if not cookie:
            return self.sudo().browse()
        leader_id = self._read_referral(cookie, company.groupbuy_referral_days)
        return self._find_referrer(leader_id, partner, company)

    @api.model
    def _find_referrer(self, leader_id, partner, company):
        """:return: this leader, sudoed, unless orders of this resident are no merit of
        theirs"""
        # One query: this is asked for each join.
        return self.sudo().search(
            [
                ("id", "=", leader_id),
                ("state", "=", "approved"),
                ("company_id", "=", company.id),
                (
                    "partner_id.commercial_partner_id",
                    "!=",
                    partner.commercial_partner_id.id,
                ),
            ]
        )
