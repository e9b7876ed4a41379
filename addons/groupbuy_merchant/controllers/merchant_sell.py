import base64

from odoo.exceptions import AccessError, UserError
from odoo.http import Controller, request, route
from odoo.tools import is_html_empty

from ..models.groupbuy_merchant_apply import OPEN_STATES, TEXTS
from ..models.groupbuy_merchant_document import MAX_MB
from .merchant_portal import SHOP_STATES

MAX_READ = MAX_MB * 2**20 + 16


class MerchantSell(Controller):
    """Applying to sell here, and seeing what became of it."""

    @route("/groupbuy/sell", type="http", auth="public", website=True, sitemap=True)
    def groupbuy_sell(self, **_kwargs):
        """Say what selling here is like; signed in: apply, or see where it stands."""
        return self._render_sell()

    def _render_sell(self, form=None, error=None):
        user = request.env.user
        merchant_sudo = user._groupbuy_get_merchant()
        if merchant_sudo.state in SHOP_STATES:
            return request.redirect("/my/merchant")
        # What applicants read and agree to; the company itself is not theirs to read.
        company_sudo = request.env.company.sudo()
        owner = user in merchant_sudo._get_users("owner")
        documents = request.env["groupbuy.merchant.document"]._fields["kind"]
        values = {
            "signed_in": not user._is_public(),
            "portal": user._is_portal(),
            "merchant": merchant_sudo,
            "can_apply": user._is_portal()
            and (not merchant_sudo or (owner and merchant_sudo.state in OPEN_STATES)),
            "form": {**self._prepare_form(merchant_sudo), **(form or {})},
            "document_kinds": documents._description_selection(request.env),
            "with_bank": "bank" in company_sudo._groupbuy_get_payout_kinds(),
            "with_terms": not is_html_empty(company_sudo.groupbuy_merchant_terms),
            "terms_version": company_sudo.groupbuy_merchant_terms_version,
            "fee": f"{company_sudo.groupbuy_merchant_fee:g}",
            "error": error,
        }
        return request.render("groupbuy_merchant.sell", values)

    def _prepare_form(self, merchant_sudo):
        user = request.env.user
        if not merchant_sudo:
            partner_sudo = user.sudo().partner_id
            if user._is_public():
                return {}
            return {"email": partner_sudo.email, "phone": partner_sudo.phone}
        form = {
            name: merchant_sudo[name] for name in TEXTS if name != "identity_number"
        }
        form.update(kind=merchant_sudo.kind, note=merchant_sudo.answer)
        return form

    @route(
        "/groupbuy/sell/apply",
        type="http",
        auth="user",
        website=True,
        methods=["POST"],
        sitemap=False,
    )
    def groupbuy_sell_apply(self, **post):
        """Send in an application; files come in the fields `file_<kind>`."""
        try:
            with request.env.cr.savepoint():
                request.env["groupbuy.merchant"].apply(self._read_form(post))
        except (AccessError, UserError) as error:
            # What is secret is typed again: it is sent back to no browser.
            form = {
                name: value
                for name, value in post.items()
                if name not in ("identity_number", "number")
                and not name.startswith("file_")
            }
            return self._render_sell(form, str(error))
        return request.redirect("/groupbuy/sell")

    def _read_form(self, post):
        """:return: what the form says, as `apply` wants it"""
        values = {name: post.get(name) for name in ("kind", "note", *TEXTS)}
        values["terms_version"] = post.get("terms_version") if post.get("agree") else ""
        values["documents"] = [
            {
                "kind": kind,
                "name": file.filename,
                "content": base64.b64encode(file.read(MAX_READ)).decode(),
                "expires_on": post.get(f"expires_{kind}"),
            }
            for kind, _label in request.env["groupbuy.merchant.document"]
            ._fields["kind"]
            .selection
            for file in request.httprequest.files.getlist(f"file_{kind}")
            if file.filename
        ]
        if post.get("number"):
            values["account"] = {
                name: post.get(name)
                for name in (
                    "holder", "number", "bank_name", "bank_branch", "is_company",
                )
            }  # fmt: skip
        return values

    @route(
        "/groupbuy/sell/terms", type="http", auth="public", website=True, sitemap=True
    )
    def groupbuy_sell_terms(self, **_kwargs):
        """Show the terms for merchants."""
        company_sudo = request.env.company.sudo()
        return request.render(
            "groupbuy_merchant.sell_terms",
            {
                "terms": company_sudo.groupbuy_merchant_terms,
                "version": company_sudo.groupbuy_merchant_terms_version,
            },
        )
