import base64

from werkzeug.exceptions import NotFound

from odoo.http import content_disposition, request, route

from odoo.addons.community_groupbuy.controllers.outcome import take_outcome
from odoo.addons.community_groupbuy.record_id import MAX_ID, find_record
from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.groupbuy_merchant_product import GOODS_ROLES
from ..models.res_users import MONEY_ROLES

# Whose shop was open once: they still see orders and money when they are suspended.
SHOP_STATES = ("approved", "suspended")


class MerchantPortal(CustomerPortal):
    """A merchant's own pages: overview, what was sold, money, documents."""

    def _get_shop(self, *roles):
        """:return: the user's merchant, sudoed
        :raise NotFound: the user works for none that was approved, or in another role
        """
        merchant_sudo = request.env.user._groupbuy_get_merchant(*roles)
        if merchant_sudo.state not in SHOP_STATES:
            raise NotFound()
        return merchant_sudo

    def _prepare_shop_values(self, merchant_sudo, tab, here=None):
        member_sudo = merchant_sudo.member_ids.filtered(
            lambda member: member.user_id == request.env.user
        )
        values = self._prepare_portal_layout_values()
        values.update(
            page_name="groupbuy_merchant",
            merchant=merchant_sudo,
            currency=merchant_sudo.currency_id,
            role=member_sudo.role,
            with_goods=member_sudo.role in GOODS_ROLES,
            with_money=member_sudo.role in MONEY_ROLES,
            tab=tab,
            here=here,
            **take_outcome(),
        )
        return values

    # === OVERVIEW === #

    @route("/my/merchant", type="http", auth="user", website=True)
    def portal_merchant(self, **_kwargs):
        """Show what waits for the merchant: goods to prepare, reviews, documents."""
        merchant_sudo = request.env.user._groupbuy_get_merchant()
        if merchant_sudo and merchant_sudo.state not in SHOP_STATES:
            return request.redirect("/groupbuy/sell")
        merchant_sudo = self._get_shop()
        values = self._prepare_shop_values(merchant_sudo, "overview")
        values.update(
            to_prepare=merchant_sudo._prepare_to_prepare(),
            endings=merchant_sudo._get_ending_documents(),
            documents=merchant_sudo.document_ids,
            members=merchant_sudo.member_ids,
        )
        return request.render("groupbuy_merchant.portal_overview", values)

    @route("/my/merchant/document/<int:document_id>", type="http", auth="user")
    def portal_merchant_document(self, document_id, **_kwargs):
        """Download one of the merchant's own documents; never shown in a page."""
        merchant_sudo = request.env.user._groupbuy_get_merchant("owner")
        # Whose it is is looked at below.
        documents_sudo = request.env["groupbuy.merchant.document"].sudo()
        document_sudo = find_record(documents_sudo, document_id)
        if not merchant_sudo or document_sudo.merchant_id != merchant_sudo:
            raise NotFound()
        content = base64.b64decode(document_sudo.with_context(bin_size=False).file)
        return request.make_response(
            content,
            headers=[
                ("Content-Type", document_sudo.mimetype),
                ("Content-Disposition", content_disposition(document_sudo.name)),
                ("Content-Security-Policy", "default-src 'none'; sandbox"),
                ("X-Content-Type-Options", "nosniff"),
                ("Cache-Control", "no-store"),
            ],
        )

    # === ORDERS === #

    @route(
        ["/my/merchant/orders", "/my/merchant/orders/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_merchant_orders(self, page=1, status=None, **_kwargs):
        """List what was sold, without who bought it."""
        merchant_sudo = self._get_shop()
        tabs = merchant_sudo._prepare_sales_tabs()
        status = status if status in [tab[0] for tab in tabs] else None
        lines_sudo = request.env["sale.order.line"].sudo()
        # Only the merchant's own lines; orders cannot be read otherwise.
        domain = merchant_sudo._get_sales_domain(status)
        pager = portal_pager(
            url="/my/merchant/orders",
            url_args={"status": status} if status else {},
            total=lines_sudo.search_count(domain),
            page=min(page, MAX_ID),
            step=self._items_per_page,
        )
        lines_sudo = lines_sudo.search(
            domain,
            order="order_id desc, id",
            limit=self._items_per_page,
            offset=pager["offset"],
        )
        values = self._prepare_shop_values(merchant_sudo, "orders")
        values.update(
            sales=[line._groupbuy_prepare_sale() for line in lines_sudo],
            tabs=tabs,
            status=status,
            pager=pager,
        )
        return request.render("groupbuy_merchant.portal_orders", values)

    # === MONEY === #

    @route("/my/merchant/money", type="http", auth="user", website=True)
    def portal_merchant_money(self, period=None, **_kwargs):
        """Show figures by product, balance, statements, payouts and the latest shares
        of the shop."""
        merchant_sudo = self._get_shop(*MONEY_ROLES)
        values = self._prepare_shop_values(merchant_sudo, "money")
        values.update(
            # The merchant's own money only.
            merchant_sudo.partner_id.sudo(False)._groupbuy_prepare_money(
                request.env.company
            ),
            figures=merchant_sudo._prepare_figures(period),
        )
        return request.render("groupbuy_merchant.portal_merchant_money", values)
