from odoo.exceptions import UserError
from odoo.http import request, route

from odoo.addons.community_groupbuy.controllers.claim import GroupbuyClaims
from odoo.addons.community_groupbuy.controllers.outcome import attempt
from odoo.addons.community_groupbuy.controllers.portal import GroupbuyPortal
from odoo.addons.community_groupbuy.record_id import find_record


def _choose(order_id, refund_to):
    """Note where the refund that is being asked for shall go."""
    if refund_to:
        order = find_record(request.env["sale.order"], order_id)
        order.groupbuy_set_refund_to(refund_to)


class WalletPortal(GroupbuyPortal):
    @route()
    def portal_my_groupbuy_cancel(self, order_id, refund_to=None, **kwargs):
        """Override to have the money where the resident wants it."""
        if not attempt(_choose, order_id, refund_to):
            return request.redirect(f"/my/groupbuy/{order_id}")
        return super().portal_my_groupbuy_cancel(order_id, **kwargs)


class WalletClaims(GroupbuyClaims):
    @route()
    def portal_groupbuy_claim_submit(self, order_id, refund_to=None, **post):
        """Override to have the money where the resident wants it."""
        if order_sudo := self._find_own_order(order_id):
            try:
                with request.env.cr.savepoint():
                    _choose(order_id, refund_to)
            except UserError as error:
                return self._render_claim_form(order_sudo, post, str(error))
        return super().portal_groupbuy_claim_submit(order_id, **post)
