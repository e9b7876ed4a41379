from uuid import uuid4

from werkzeug.exceptions import NotFound

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.http import request, route

from odoo.addons.community_groupbuy.controllers.outcome import (
    attempt,
    take_outcome,
    tell_error,
)
from odoo.addons.community_groupbuy.record_id import MAX_ID, find_record
from odoo.addons.portal.controllers.portal import CustomerPortal
from odoo.addons.portal.controllers.portal import pager as portal_pager


class GroupbuyMoney(CustomerPortal):
    """What leaders and merchants see of their money, and how they withdraw it."""

    def _get_groupbuy_payee(self):
        """:return: the user's payee
        :raise NotFound: the user is paid by nobody here
        """
        if not request.env.user._groupbuy_is_payee():
            raise NotFound()
        return request.env.user._groupbuy_get_payee()

    def _get_groupbuy_today(self):
        # Payees may not read companies; only where theirs works is looked at.
        company_sudo = request.env.company.sudo()
        return company_sudo._get_groupbuy_date()

    def _prepare_groupbuy_money_values(self, here=None, limit=5):
        payee = self._get_groupbuy_payee()
        values = self._prepare_portal_layout_values()
        values.update(
            payee._groupbuy_prepare_money(request.env.company, limit),
            page_name="groupbuy_money",
            here=here,
            **take_outcome(),
        )
        return values

    @route("/my/money", type="http", auth="user", website=True)
    def portal_groupbuy_money(self, **_kwargs):
        """Show the balance, and the latest shares, statements and payouts."""
        return request.render(
            "groupbuy_payment.portal_money", self._prepare_groupbuy_money_values()
        )

    # === LISTS === #

    @route(
        ["/my/money/entries", "/my/money/entries/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_groupbuy_entries(self, page=1, status=None, **_kwargs):
        """List the payee's shares: all, still frozen, to be settled, or settled."""
        today = self._get_groupbuy_today()
        open_domain = Domain("settlement_id", "=", False)
        filters = {
            "frozen": open_domain & Domain("available_on", ">", today),
            "open": open_domain & Domain("available_on", "<=", today),
            "settled": Domain("settlement_id", "!=", False),
        }
        labels = {
            "frozen": request.env._("Frozen"),
            "open": request.env._("To Settle"),
            "settled": request.env._("Settled"),
        }
        values = self._prepare_groupbuy_list(
            "groupbuy.ledger.entry",
            "/my/money/entries",
            page,
            Domain("role", "!=", "platform") & filters.get(status, Domain.TRUE),
            {"status": status} if status in filters else {},
        )
        values.update(
            here=request.env._("Shares"),
            status=status if status in filters else None,
            tabs=list(labels.items()),
        )
        return request.render("groupbuy_payment.portal_money_entries", values)

    @route(
        ["/my/money/statements", "/my/money/statements/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_groupbuy_statements(self, page=1, **_kwargs):
        """List the payee's settlements with their statements."""
        values = self._prepare_groupbuy_list(
            "groupbuy.settlement", "/my/money/statements", page
        )
        values["here"] = request.env._("Statements")
        return request.render("groupbuy_payment.portal_money_statements", values)

    @route(
        ["/my/money/payouts", "/my/money/payouts/page/<int:page>"],
        type="http",
        auth="user",
        website=True,
    )
    def portal_groupbuy_payouts(self, page=1, **_kwargs):
        """List the payee's payouts."""
        values = self._prepare_groupbuy_list(
            "groupbuy.payout", "/my/money/payouts", page
        )
        values["here"] = request.env._("Payouts")
        return request.render("groupbuy_payment.portal_money_payouts", values)

    def _prepare_groupbuy_list(
        self, model, url, page, domain=Domain.TRUE, url_args=None
    ):
        """:return: the values of a page of the payee's own records"""
        payee = self._get_groupbuy_payee()
        own = Domain("payee_id", "=", payee.id) & Domain(
            "company_id", "=", request.env.company.id
        )
        # Names of orders and bills cannot be read otherwise; the payee's own only.
        records_sudo = request.env[model].sudo()
        pager = portal_pager(
            url=url,
            url_args=url_args or {},
            total=records_sudo.search_count(own & domain),
            page=min(page, MAX_ID),
            step=self._items_per_page,
        )
        values = self._prepare_portal_layout_values()
        values.update(
            page_name="groupbuy_money",
            records=records_sudo.search(
                own & domain, limit=self._items_per_page, offset=pager["offset"]
            ),
            currency=request.env.company.sudo().currency_id,
            today=self._get_groupbuy_today(),
            pager=pager,
        )
        return values

    # === PAYOUT === #

    @route("/my/money/payouts/<int:payout_id>", type="http", auth="user", website=True)
    def portal_groupbuy_payout(self, payout_id, **_kwargs):
        """Show where a payout of one's own stands."""
        payout_sudo = self._find_own("groupbuy.payout", payout_id, "payee_id")
        values = self._prepare_portal_layout_values()
        values.update(
            page_name="groupbuy_money",
            payout=payout_sudo,
            here=payout_sudo.name,
            confirmation=payout_sudo.method == "wechat"
            and payout_sudo._wechat_prepare_confirmation(),
            **take_outcome(),
        )
        return request.render("groupbuy_payment.portal_money_payout", values)

    def _find_own(self, model, record_id, field):
        """:return: a record of the user's own payee, sudoed
        :raise NotFound: there is none, or it is somebody else's
        """
        payee = self._get_groupbuy_payee()
        # Only whose it is is looked at before.
        record_sudo = find_record(request.env[model].sudo(), record_id)
        if not record_sudo or record_sudo[field] != payee:
            raise NotFound()
        return record_sudo

    @route(
        "/my/money/payouts/<int:payout_id>/cancel",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_groupbuy_payout_cancel(self, payout_id, **_kwargs):
        """Cancel a payout of one's own that has not been sent."""
        self._find_own("groupbuy.payout", payout_id, "payee_id")
        attempt(request.env["groupbuy.payout"].browse(payout_id).action_cancel)
        return request.redirect(f"/my/money/payouts/{payout_id}")

    @route("/my/money/withdraw", type="http", auth="user", website=True)
    def portal_groupbuy_withdraw(self, amount=None, account_id=None, **_kwargs):
        """Show the form that asks for a payout."""
        values = self._prepare_groupbuy_money_values(request.env._("Withdraw"))
        accounts = values["accounts"].filtered(
            lambda account: account.state != "refused"
        )
        if not accounts:
            return request.redirect("/my/money/accounts")
        available = values["money"]["available"]
        values.update(
            accounts=accounts,
            amount=amount or f"{available:.{values['currency'].decimal_places}f}",
            chosen=_to_number(account_id),
        )
        return request.render("groupbuy_payment.portal_money_withdraw", values)

    @route(
        "/my/money/withdraw/confirm",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_groupbuy_withdraw_confirm(self, **post):
        """Show what would be paid out, to be confirmed; nothing is requested yet."""
        values = self._prepare_groupbuy_money_values(request.env._("Withdraw"))
        amount, account_id = (
            _to_number(post.get("amount")),
            _to_number(post.get("account_id")),
        )
        try:
            preview = request.env["groupbuy.payout"].preview(amount, account_id)
        except UserError as error:
            tell_error(error)
            return self.portal_groupbuy_withdraw(post.get("amount"), account_id)
        account_sudo = self._find_own(
            "groupbuy.payee.account", account_id, "partner_id"
        )
        values.update(preview=preview, account=account_sudo, key=uuid4().hex)
        return request.render("groupbuy_payment.portal_money_confirm", values)

    @route(
        "/my/money/withdraw/request",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_groupbuy_withdraw_request(self, **post):
        """Request the payout that was confirmed; twice is once."""
        self._get_groupbuy_payee()
        answer = attempt(
            request.env["groupbuy.payout"].request,
            _to_number(post.get("amount")),
            _to_number(post.get("account_id")),
            post.get("key") or None,
        )
        if not answer:
            return request.redirect("/my/money/withdraw")
        return request.redirect(f"/my/money/payouts/{answer['payout_id']}")

    # === ACCOUNTS === #

    @route("/my/money/accounts", type="http", auth="user", website=True)
    def portal_groupbuy_accounts(self, **_kwargs):
        """List the payee's accounts, with a form to add one."""
        return self._render_accounts()

    def _render_accounts(self, form=None, error=None):
        values = self._prepare_groupbuy_money_values(request.env._("Accounts"))
        kinds = request.env.company.sudo()._groupbuy_get_payout_kinds()
        labels = dict(
            request.env["groupbuy.payee.account"]
            ._fields["kind"]
            ._description_selection(request.env)
        )
        values.update(kinds=[(kind, labels[kind]) for kind in kinds], form=form or {})
        values["error"] = error or values["error"]
        return request.render("groupbuy_payment.portal_money_accounts", values)

    @route(
        "/my/money/accounts/add",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_groupbuy_account_add(self, **post):
        """Add an account of one's own."""
        self._get_groupbuy_payee()
        try:
            with request.env.cr.savepoint():
                request.env["groupbuy.payee.account"].add(
                    post.get("kind"),
                    post.get("holder"),
                    post.get("number"),
                    post.get("bank_name"),
                    post.get("bank_branch"),
                    bool(post.get("is_company")),
                )
        except (AccessError, UserError) as error:
            # The number is typed again: it is sent back to no browser.
            return self._render_accounts({**post, "number": ""}, str(error))
        return request.redirect("/my/money/accounts")

    @route(
        "/my/money/accounts/<int:account_id>/<any(default,remove):step>",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
    )
    def portal_groupbuy_account_step(self, account_id, step, **_kwargs):
        """Make an account of one's own the default, or remove it."""
        self._find_own("groupbuy.payee.account", account_id, "partner_id")
        account = request.env["groupbuy.payee.account"].browse(account_id)
        attempt(account.set_default if step == "default" else account.remove)
        return request.redirect("/my/money/accounts")


def _to_number(text):
    """:return: the number in a form field, whole if it is; else the text as it is"""
    try:
        number = float(text)
    except (TypeError, ValueError):
        return text or 0
    return int(number) if number.is_integer() else number
