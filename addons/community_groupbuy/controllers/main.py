from werkzeug.exceptions import NotFound

from odoo import fields
from odoo.exceptions import UserError
from odoo.http import request, route

from odoo.addons.website_sale.controllers.main import WebsiteSale

INVITER_SESSION_KEY = "groupbuy_inviter"


class GroupbuyController(WebsiteSale):
    @route(
        "/groupbuy/<int:campaign_id>/progress",
        type="http",
        auth="public",
        readonly=True,
        save_session=False,
        sitemap=False,
    )
    def groupbuy_progress(self, campaign_id):
        """:return: what changes while the campaign is open, as JSON, cacheable for 1 s"""
        progress = request.env["groupbuy.campaign"]._get_public_progress(campaign_id)
        if not progress:
            raise NotFound()
        return request.make_json_response(
            progress, headers={"Cache-Control": "public, max-age=1"}
        )

    @route(
        "/groupbuy/<int:campaign_id>/join",
        type="jsonrpc",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def groupbuy_join(
        self, campaign_id, lines=None, pickup_point_id=None, key=None, **_kwargs
    ):
        """Join a campaign; see `groupbuy.campaign.join` for the parameters."""
        campaign = request.env["groupbuy.campaign"].browse(campaign_id)
        if not campaign.exists() or not campaign.has_access("read"):
            raise UserError(request.env._("This group buy does not exist."))
        inviter = request.session.get(INVITER_SESSION_KEY)
        return campaign.join(lines, pickup_point_id, key, inviter=inviter)

    @route("/groupbuy/pay/<int:order_id>", type="http", auth="public", website=True)
    def groupbuy_pay(self, order_id, access_token=None, **_kwargs):
        """Go to Odoo's payment page with a join; to its own page if it needs no money."""
        order_sudo = self._document_check_access("sale.order", order_id, access_token)
        if not order_sudo._is_groupbuy_join() or not order_sudo._is_held():
            return request.redirect(order_sudo._get_groupbuy_url())
        request.website._groupbuy_start_payment(order_sudo)
        return request.redirect("/shop/payment")

    # === PAYMENT PAGE === #

    def _get_shop_payment_values(self, order, **kwargs):
        """Override of `website_sale`: a paid join is shown among one's group buys."""
        values = super()._get_shop_payment_values(order, **kwargs)
        if order.groupbuy_campaign_id:
            values["landing_route"] = order._get_groupbuy_url()
            values["groupbuy_expires_at"] = order._get_groupbuy_expiry()
            values["groupbuy_now"] = fields.Datetime.now()
        return values
