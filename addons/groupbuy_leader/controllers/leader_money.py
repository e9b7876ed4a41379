from odoo.fields import Domain
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import pager as portal_pager

from ..models.groupbuy_commission_ledger import STATES
from .leader_portal import MAX_ID, LeaderPortal

LATEST = 5


class LeaderMoney(LeaderPortal):
    """What leaders earn, on what, and why; the ledger's own blocks show the rest."""

    @route("/my/leader/money", type="http", auth="user", website=True)
    def leader_money(self, **_kwargs):
        """Show the balance, what can be expected, and the latest of everything."""
        values = self._prepare_leader_values("money")
        leader_sudo = values["leader"]
        leader_sudo._work_out_commissions()
        commissions_sudo = request.env["groupbuy.commission"].sudo()
        values.update(
            leader_sudo.partner_id._groupbuy_prepare_money(
                leader_sudo.company_id, LATEST
            ),
            expected=commissions_sudo._sum_expected(leader_sudo),
            commissions=commissions_sudo.search(
                [("leader_id", "=", leader_sudo.id)], limit=LATEST
            ),
        )
        return request.render("groupbuy_leader.portal_leader_money", values)

    @route(
        [
            "/my/leader/money/commission",
            "/my/leader/money/commission/page/<int:page>",
        ],
        type="http",
        auth="user",
        website=True,
    )
    def leader_commission(self, page=1, status=None, **_kwargs):
        """List what the leader earns, line by line: all, or in one state."""
        values = self._prepare_leader_values("money", request.env._("Commission"))
        leader_sudo = values["leader"]
        leader_sudo._work_out_commissions()
        commissions_sudo = request.env["groupbuy.commission"].sudo()
        domain = Domain("leader_id", "=", leader_sudo.id)
        if status in dict(STATES):
            domain &= Domain("state", "=", status)
        else:
            status = None
        pager = portal_pager(
            url="/my/leader/money/commission",
            url_args={"status": status} if status else {},
            total=commissions_sudo.search_count(domain),
            page=min(page, MAX_ID),
            step=self._items_per_page,
        )
        values.update(
            commissions=commissions_sudo.search(
                domain, limit=self._items_per_page, offset=pager["offset"]
            ),
            currency=leader_sudo.company_id.currency_id,
            status=status,
            tabs=commissions_sudo._fields["state"]._description_selection(request.env),
            pager=pager,
        )
        return request.render("groupbuy_leader.portal_leader_commission", values)
