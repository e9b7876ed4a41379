import base64

from odoo.exceptions import AccessError, MissingError, UserError
from odoo.http import request, route

from odoo.addons.portal.controllers.portal import CustomerPortal

from ..record_id import MAX_ID, find_record

# A little more than is allowed, so that too much can be told from just enough.
MAX_READ = 5 * 2**20 + 16


class GroupbuyClaims(CustomerPortal):
    """A resident's after-sales requests, from asking to the money."""

    def _find_own_order(self, order_id):
        """:return: the resident's own order, sudoed; None if it is not theirs"""
        try:
            order_sudo = self._document_check_access("sale.order", order_id)
        except (AccessError, MissingError):
            return None
        own = order_sudo.partner_id == request.env.user.partner_id
        return order_sudo if own else None

    # === ASK === #

    @route("/my/groupbuy/<int:order_id>/claim", type="http", auth="user", website=True)
    def portal_groupbuy_claim_form(self, order_id, **_kwargs):
        """Show the form that asks for a refund or a return."""
        order_sudo = self._find_own_order(order_id)
        if not order_sudo:
            return request.redirect("/my")
        return self._render_claim_form(order_sudo)

    def _render_claim_form(self, order_sudo, values=None, error=None):
        if not order_sudo._groupbuy_is_claimable():
            return request.redirect(f"/my/groupbuy/{order_sudo.id}")
        claimable = order_sudo._groupbuy_get_claimable()
        return request.render(
            "community_groupbuy.portal_claim_form",
            {
                "page_name": "groupbuy",
                "order": order_sudo,
                "here": request.env._("Refund or return"),
                "claimable": {
                    line: f"{pieces:.12g}"
                    for line, pieces in claimable.items()
                    if pieces > 0
                },
                "reasons": request.env["groupbuy.claim.reason"].search([]),
                "values": values or {},
                "error": error,
            },
        )

    @route(
        "/my/groupbuy/<int:order_id>/claim/submit",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_groupbuy_claim_submit(self, order_id, **post):
        """Ask for a refund or a return; fields `quantity_<order line>` and alike."""
        order_sudo = self._find_own_order(order_id)
        if not order_sudo:
            return request.redirect("/my")
        try:
            with request.env.cr.savepoint():
                order = request.env["sale.order"].browse(order_id)
                answer = order.groupbuy_submit_claim(
                    self._read_claim_lines(order_sudo, post)
                )
        except UserError as error:
            return self._render_claim_form(order_sudo, post, str(error))
        return request.redirect(answer["url"])

    def _read_claim_lines(self, order_sudo, post):
        """:return: what the form says, as `groupbuy_submit_claim` wants it"""
        lines = []
        for line in order_sudo.order_line:
            quantity = _to_number(post.get(f"quantity_{line.id}"))
            if not quantity:
                continue
            files = request.httprequest.files.getlist(f"photos_{line.id}")
            lines.append(
                {
                    "line_id": line.id,
                    "quantity": quantity,
                    "reason_id": _to_number(post.get(f"reason_{line.id}")),
                    "wish": post.get(f"wish_{line.id}") or "refund",
                    "note": post.get(f"note_{line.id}") or "",
                    "photos": [
                        (file.filename, base64.b64encode(file.read(MAX_READ)))
                        for file in files
                        if file.filename
                    ],
                }
            )
        return lines

    # === FOLLOW === #

    @route(
        "/my/groupbuy/claim/<int:claim_id>", type="http", auth="public", website=True
    )
    def portal_groupbuy_claim(self, claim_id, access_token=None, **_kwargs):
        """Show where a request stands: decisions, goods, money, conversation."""
        try:
            claim_sudo = self._document_check_access(
                "groupbuy.claim", min(claim_id, MAX_ID), access_token=access_token
            )
        except (AccessError, MissingError):
            return request.redirect("/my")
        own = claim_sudo.partner_id == request.env.user.partner_id
        values = {
            "page_name": "groupbuy",
            "claim": claim_sudo,
            "order": claim_sudo.order_id,
            "here": claim_sudo.name,
            "steps": claim_sudo._prepare_steps(),
            "refunds": claim_sudo._get_refunds(),
            "withdrawable": own and claim_sudo._is_withdrawable(),
            "error": request.session.pop("groupbuy_error", None),
        }
        values = self._get_page_view_values(
            claim_sudo, access_token, values, "my_groupbuy_claims_history", False
        )
        return request.render("community_groupbuy.portal_claim", values)

    @route(
        "/my/groupbuy/claim/<int:claim_id>/withdraw",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_groupbuy_claim_withdraw(self, claim_id, **_kwargs):
        """Withdraw one's own request."""
        claim_id = min(claim_id, MAX_ID)
        try:
            self._document_check_access("groupbuy.claim", claim_id)
            with request.env.cr.savepoint():
                request.env["groupbuy.claim"].browse(claim_id).action_withdraw()
        except (AccessError, MissingError):
            return request.redirect("/my")
        except UserError as error:
            request.session["groupbuy_error"] = str(error)
        return request.redirect(f"/my/groupbuy/claim/{claim_id}")

    # === SAME PROBLEM? === #

    def _find_own_ask(self, ask_id):
        """:return: the question that was put to this resident, sudoed, or nothing"""
        # Only to whom it was put is looked at before.
        ask_sudo = find_record(request.env["groupbuy.claim.ask"].sudo(), ask_id)
        own = ask_sudo.partner_id == request.env.user.partner_id
        return ask_sudo if own else ask_sudo.browse()

    @route("/my/groupbuy/same/<int:ask_id>", type="http", auth="user", website=True)
    def portal_groupbuy_same(self, ask_id, **_kwargs):
        """Ask whether this resident had the problem of another buyer too."""
        ask_sudo = self._find_own_ask(ask_id)
        if not ask_sudo:
            return request.redirect("/my")
        if ask_sudo.answer_claim_id:
            return request.redirect(ask_sudo.answer_claim_id.access_url)
        return request.render(
            "community_groupbuy.portal_claim_same",
            {
                "page_name": "groupbuy",
                "ask": ask_sudo,
                "order": ask_sudo.order_id,
                "here": request.env._("Same problem?"),
                "error": request.session.pop("groupbuy_error", None),
            },
        )

    @route(
        "/my/groupbuy/same/<int:ask_id>/yes",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_groupbuy_same_yes(self, ask_id, **_kwargs):
        """Say "I had this too": that is a request of its own."""
        try:
            with request.env.cr.savepoint():
                answer = request.env["sale.order"].groupbuy_answer_ask(ask_id)
        except UserError as error:
            request.session["groupbuy_error"] = str(error)
            return request.redirect(f"/my/groupbuy/same/{ask_id}")
        return request.redirect(answer["url"])


def _to_number(text):
    """:return: the number in a form field, whole if it is; else the text as it is"""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return text or 0
    return int(number) if number.is_integer() else number
