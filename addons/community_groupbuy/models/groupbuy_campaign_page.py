from odoo import api, fields, models
from odoo.fields import Domain
from odoo.http import request
from odoo.tools import is_html_empty
from odoo.tools.mail import html2plaintext

from .groupbuy_campaign import VISIBLE_STATES


class GroupbuyCampaign(models.Model):
    """What the storefront's pages show of campaigns."""

    _name = "groupbuy.campaign"
    _inherit = ["groupbuy.campaign", "website.seo.metadata"]

    # === LIST === #

    @api.model
    def _get_storefront_domain(self, search=None, point=None):
        """:return: the published campaigns, those that can be collected at `point`,
        whose name or products contain `search`
        """
        domain = Domain("state", "in", VISIBLE_STATES) & Domain(
            "company_id", "=", self.env.company.id
        )
        if point:
            domain &= Domain("pickup_point_ids", "=", False) | Domain(
                "pickup_point_ids", "in", point.ids
            )
        shown = self.env["groupbuy.offer"]._get_shown_domain()
        for word in (search or "").split()[:5]:
            domain &= Domain("name", "ilike", word) | Domain(
                "offer_ids", "any", shown & Domain("product_id.name", "ilike", word)
            )
        return domain

    @api.model
    def _get_section_domain(self, section):
        """:param section: open, soon or closed; the dates decide, as everywhere"""
        now = fields.Datetime.now()
        live = Domain("state", "in", ("scheduled", "open"))
        if section == "open":
            return (
                live & Domain("date_open", "<=", now) & Domain("date_close", ">", now)
            )
        if section == "soon":
            return Domain("state", "=", "scheduled") & Domain("date_open", ">", now)
        return Domain("state", "in", ("closing", "succeeded", "failed")) | (
            live & Domain("date_close", "<=", now)
        )

    def _prepare_cards(self):
        """:return: what the list shows of each of these campaigns, in their order"""
        progresses = self._get_public_progresses(self.ids)
        self.offer_ids.product_id.fetch(["name", "lst_price"])
        return [
            campaign._prepare_card(progresses[campaign.id])
            for campaign in self
            if campaign.id in progresses
        ]

    def _prepare_card(self, progress):
        self.ensure_one()
        offers = self._prepare_offers(progress)
        # The offer that is nearest to its next price says most about the campaign.
        lead = max(offers, key=lambda offer: (offer["bar"] < 100, offer["bar"]))
        cheapest = min(offers, key=lambda offer: offer["price"])
        goal = self._prepare_goal(progress)
        goal_open = goal and not goal["reached"]
        return {
            "campaign": self,
            "url": self._get_website_url(),
            "image_url": self._get_image_url("image_512"),
            "state": progress["state"],
            "seconds_left": progress["seconds_left"],
            "participants": progress["participants"],
            "offer": lead,
            "offer_count": len(offers),
            "from_text": cheapest["price_text"],
            "goal": goal,
            "bar": goal["bar"] if goal_open else lead["bar"],
            "date": self._format_date(
                self.date_open if progress["state"] == "scheduled" else self.date_close
            ),
        }

    # === PAGE === #

    def _get_shown_offers(self):
        """:return: the offers of this campaign that residents see"""
        return self.offer_ids.filtered_domain(
            self.env["groupbuy.offer"]._get_shown_domain()
        )

    def _prepare_offers(self, progress):
        """:return: what the page shows of each offer, prices as numbers and as text"""
        self.ensure_one()
        records = {offer.id: offer for offer in self.offer_ids}
        return [
            records[values["id"]]._prepare_storefront_values(values)
            for values in progress["offers"]
        ]

    def _prepare_draft_progress(self):
        """:return: as `_get_public_progress`, of a draft that an operator previews"""
        self.ensure_one()
        progress = self._prepare_progress(
            {
                "campaign": self.id,
                "state": self.state,
                "date_open": self.date_open,
                "date_close": self.date_close,
                "participants": 0,
                "goal_type": self.goal_type,
                "goal_value": self.goal_value,
                "reached": 0,
            },
            fields.Datetime.now(),
        )
        progress["offers"] = [
            {
                "id": offer.id,
                "quantity": 0,
                "price": offer.price,
                "next_quantity": offer.next_quantity or None,
                "next_price": offer.next_price or None,
                "remaining": offer._get_quota() or None,
            }
            for offer in self._get_shown_offers()
        ]
        return progress

    def _prepare_goal(self, progress):
        """:return: what must be reached and how much of it is; None without a goal"""
        self.ensure_one()
        if not progress["goal"]:
            return None
        missing = progress["goal"]["missing"]
        money = self.goal_type == "amount"
        show = self.currency_id.format if money else lambda number: str(int(number))
        return {
            "type": self.goal_type,
            "text": show(self.goal_value),
            "missing": show(missing),
            "reached": not missing,
            "bar": progress["goal"]["bar"],
        }

    def _get_image_url(self, field):
        """:return: the address of this campaign's picture, else of its first product's;
        None without any
        """
        self.ensure_one()
        if self.with_context(bin_size=True).image_128:
            return self.env["website"].image_url(self, field)
        for offer in self._get_shown_offers():
            if url := offer._get_image_url(field):
                return url
        return None

    def _format_date(self, date):
        """:return: a date as text, in the time zone of the company"""
        self.ensure_one()
        return self.company_id._format_groupbuy_date(date)

    def _get_page_stamp(self):
        """:return: what a cached page must agree with: it changes at once when the
        campaign is edited, opens or ends; quantities may lag for a moment
        """
        self.ensure_one()
        state = self._get_state_at(
            fields.Datetime.now(), self.state, self.date_open, self.date_close
        )
        return self.id, self.write_date, state

    # === SEARCH ENGINES === #

    def _default_website_meta(self):
        """Override of `website` to show the campaign where its link is shared."""
        meta = super()._default_website_meta()
        text = (
            ""
            if is_html_empty(self.description)
            else html2plaintext(self.description, include_references=False)
        )
        text = " ".join(text.split())[:200]
        graph, card = meta["default_opengraph"], meta["default_twitter"]
        graph["og:description"] = card["twitter:description"] = text or self.name
        meta["default_meta_description"] = text or self.name
        if url := self._get_image_url("image_1024"):
            root = request.website.domain or request.httprequest.url_root
            graph["og:image"] = card["twitter:image"] = root.rstrip("/") + url
        return meta
