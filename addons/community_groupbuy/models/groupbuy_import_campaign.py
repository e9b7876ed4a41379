from odoo import fields, models
from odoo.fields import Command
from odoo.tools import html2plaintext, plaintext2html

from .groupbuy_import_cell import Moment
from .groupbuy_import_columns import CAMPAIGNS, OFFERS, PICKUP_POINTS, PRODUCTS, TIERS

DATES = ("date_open", "date_close", "pickup_date", "pickup_deadline")
SAME = ("code", "goal_type", "goal_value", "on_failure", "extension_hours")
OFFER_NUMBERS = (
    "base_price",
    "quota",
    "min_quantity",
    "pack_size",
    "max_per_order",
    "max_per_resident",
)


class GroupbuyImport(models.AbstractModel):
    """Campaigns with their offers and tiers: one whole, found by the campaign's code.

    What residents see is never changed: a campaign that is open or over only agrees
    with its rows or makes them errors.
    """

    _inherit = "groupbuy.import"

    # === PLAN === #

    def _plan_campaigns(self, book):
        rows = book.get_sound_rows(CAMPAIGNS)
        campaigns = self._find_campaigns([row.values["code"] for row in rows])
        pictures = self._get_picture_checksums(
            "groupbuy.campaign", [campaign.id for campaign in campaigns.values()]
        )
        offers = self._group_rows(book, OFFERS, CAMPAIGNS, ("campaign",))
        tiers = self._group_rows(book, TIERS, OFFERS, ("campaign", "product"))
        shop_prices = self._get_shop_prices(book)
        point_codes = self._get_point_codes(book)
        for row in rows:
            campaign = campaigns.get(row.values["code"])
            wanted = {
                name: value.utc if isinstance(value, Moment) else value
                for name, value in row.values.items()
                if value is not None
                and not (campaign and isinstance(value, Moment) and value.relative)
            }
            values = wanted
            if campaign:
                present = self._read_campaign(campaign, wanted)
                present["picture"] = pictures.get(campaign.id)
                values = {
                    name: value
                    for name, value in wanted.items()
                    if value != present[name]
                }
            own_offers = offers.get(row.key, [])
            self._plan_offers(book, row, campaign, own_offers, tiers, shop_prices)
            if campaign and not self._is_changeable(campaign):
                for name in values:
                    self._add_locked_error(book, campaign, row, name)
            elif values:
                self._check_campaign(book, row, campaign, values)
                self._check_points(book, row, values, point_codes)
                if values.get("status") == "publish" and not (
                    own_offers or campaign and campaign.offer_ids
                ):
                    book.add_error(
                        self.env._("A published campaign needs at least one product."),
                        row=row,
                        name="status",
                    )
            book.add_change(row, campaign, values)

    def _find_campaigns(self, codes):
        """:return: {code: campaign of this company}"""
        campaigns = self.env["groupbuy.campaign"].search(
            [("code", "in", list(codes)), ("company_id", "=", self.env.company.id)]
        )
        return {campaign.code: campaign for campaign in campaigns}

    def _is_changeable(self, campaign):
        state = campaign._get_state_at(
            fields.Datetime.now(),
            campaign.state,
            campaign.date_open,
            campaign.date_close,
        )
        return state in ("draft", "scheduled")

    def _add_locked_error(self, book, campaign, row, name):
        states = dict(campaign._fields["state"]._description_selection(self.env))
        book.add_error(
            self.env._(
                "This differs from campaign %(code)s, which cannot be changed by an "
                "import any more: %(state)s.",
                code=campaign.code,
                state=states[campaign.state],
            ),
            row=row,
            name=name,
        )

    def _group_rows(self, book, sheet, parent, names):
        """Group the rows of a sheet by the row above them that they belong to.

        :return: {key of the row above: rows}
        """
        known = {row.key for row in book.rows[parent.name]}
        groups = {}
        for row in book.get_sound_rows(sheet):
            key = tuple(row.values[name] for name in names)
            if key not in known:
                book.add_error(
                    self.env._(
                        "%(key)s is not on the sheet “%(sheet)s”.",
                        key=" + ".join(key),
                        sheet=parent.titles[self._get_title_index()],
                    ),
                    row=row,
                    name=names[-1],
                )
            groups.setdefault(key, []).append(row)
        return groups

    def _read_campaign(self, campaign, wanted):
        """:return: {column: value} of a campaign, as its row would say it"""
        main = campaign.with_context(lang=self._get_main_lang())
        present = {name: campaign[name] for name in (*SAME, *DATES, "close_when_full")}
        present["name"] = main.name
        present["description"] = html2plaintext(main.description or "")
        text = wanted.get("description", "")
        if present["description"] == html2plaintext(plaintext2html(text)):
            present["description"] = text
        present["goal_value"] = round(campaign.goal_value, 2)
        present["points"] = frozenset(campaign.pickup_point_ids.mapped("code"))
        present["weekly"] = campaign.recurrence == "weekly"
        # A file that says draft takes nothing back that was published since.
        published = campaign.state != "draft"
        present["status"] = (
            "publish" if published and wanted.get("status") == "publish" else "draft"
        )
        if published and wanted.get("status") == "draft":
            present["status"] = "draft"
        # Values that do not count are not compared.
        if wanted.get("goal_type") == "none" == campaign.goal_type:
            present["goal_value"] = wanted.get("goal_value")
        if wanted.get("on_failure") == "refund" == campaign.on_failure:
            present["extension_hours"] = wanted.get("extension_hours")
        return present

    # === CHECKS === #

    def _check_campaign(self, book, row, campaign, values):
        """Check what the cells of a campaign say together."""

        def get(name):
            if name in values:
                return values[name]
            return campaign[name] if campaign else False

        opens, closes = get("date_open"), get("date_close")
        ready, until = get("pickup_date"), get("pickup_deadline")
        if closes <= opens:
            message = self.env._("A campaign must close after it opens.")
            book.add_error(message, row=row, name="date_close")
        elif closes <= fields.Datetime.now() and values.get("status") == "publish":
            message = self.env._("The closing date has passed.")
            book.add_error(message, row=row, name="date_close")
        if ready and ready < closes:
            message = self.env._(
                "Goods cannot be collected before the campaign closes."
            )
            book.add_error(message, row=row, name="pickup_date")
        if ready and until and until < ready:
            message = self.env._("The last day to collect is before the first.")
            book.add_error(message, row=row, name="pickup_deadline")
        goal, goal_type = get("goal_value"), get("goal_type") or "none"
        if goal_type != "none" and not goal:
            message = self.env._("The goal must be positive.")
            book.add_error(message, row=row, name="goal_value")
        elif goal_type in ("participants", "quantity") and goal != int(goal):
            message = self.env._("A whole number is expected, not %s.", goal)
            book.add_error(message, row=row, name="goal_value")
        if get("on_failure") == "extend" and not get("extension_hours"):
            message = self.env._("A campaign is extended by 1 to 720 hours.")
            book.add_error(message, row=row, name="extension_hours")

    def _get_point_codes(self, book):
        rows = book.rows[PICKUP_POINTS.name]
        active = self.env["groupbuy.pickup.point"].search(
            [("company_id", "=", self.env.company.id)]
        )
        return {row.values.get("code") for row in rows} | set(active.mapped("code"))

    def _check_points(self, book, row, values, known):
        unknown = sorted(values.get("points", frozenset()) - known)
        if unknown:
            book.add_error(
                self.env._("There is no pickup point %s.", ", ".join(unknown)),
                row=row,
                name="points",
            )

    def _get_shop_prices(self, book):
        """:return: {product code: shop price} of all products that rows may offer"""
        codes = {row.values["product"] for row in book.get_sound_rows(OFFERS)}
        found = self._find_products(codes)
        prices = {
            code: products.lst_price
            for code, products in found.items()
            if len(products) == 1 and products.active and products.type == "consu"
        }
        for row in book.rows[PRODUCTS.name]:
            # Also of broken rows: their own error is enough.
            prices[row.values.get("code")] = row.values.get("price")
        return prices

    # === OFFERS === #

    def _plan_offers(self, book, campaign_row, campaign, rows, tiers, shop_prices):
        offers = {}
        if campaign:
            offers = {
                offer.product_id.default_code: offer for offer in campaign.offer_ids
            }
        locked = campaign and not self._is_changeable(campaign)
        for row in rows:
            code = row.values["product"]
            if code not in shop_prices:
                book.add_error(
                    self.env._("There is no product %s.", code),
                    row=row,
                    name="product",
                )
                continue
            offer = offers.get(code)
            values = dict(row.values)
            if offer:
                present = {name: offer[name] for name in OFFER_NUMBERS}
                present["base_price"] = round(offer.base_price, 2)
                values = {
                    name: value
                    for name, value in values.items()
                    if name in present and value != present[name]
                }
            ladder = tiers.get(row.key, [])
            values |= self._plan_tiers(book, offer, ladder)
            if locked:
                self._refuse_locked(book, campaign, row, values, ladder, offer)
            elif values:
                self._check_offer(book, row, ladder, shop_prices[code])
            book.add_change(row, offer, values)

    def _plan_tiers(self, book, offer, rows):
        """Count the tiers' changes; :return: {"tiers": …} if there is any"""
        if not any(book.rows[TIERS.name]):
            # The file has no ladders at all: those there are stay.
            return {}
        present = (
            {tier.min_quantity: round(tier.price, 2) for tier in offer.tier_ids}
            if offer
            else {}
        )
        ladder = {row.values["min_quantity"]: row.values["price"] for row in rows}
        for row in rows:
            before = present.get(row.values["min_quantity"])
            changed = before != row.values["price"]
            # The tiers are written with their offer.
            kind = "new" if before is None else "changed" if changed else "unchanged"
            book.counts[TIERS.name][kind] += 1
        return {"tiers": ladder} if ladder != present else {}

    def _refuse_locked(self, book, campaign, row, values, ladder, offer):
        for name in values:
            if name != "tiers":
                self._add_locked_error(book, campaign, row, name)
        if "tiers" not in values:
            return
        present = {tier.min_quantity: round(tier.price, 2) for tier in offer.tier_ids}
        differing = [
            tier
            for tier in ladder
            if present.get(tier.values["min_quantity"]) != tier.values["price"]
        ]
        for tier in differing:
            self._add_locked_error(book, campaign, tier, "price")
        if not differing:
            # A step is missing: only the offer's row can show it.
            self._add_locked_error(book, campaign, row, "product")

    def _check_offer(self, book, row, ladder, shop_price):
        """Check what the cells of an offer and its tiers say together."""
        price, quota = row.values["base_price"], row.values.get("quota") or 0
        pack = row.values.get("pack_size") or 1
        if shop_price and price > shop_price:
            book.add_error(
                self.env._(
                    "The price is above the shop price %s.", f"{shop_price:.2f}"
                ),
                row=row,
                name="base_price",
            )
        for name in ("quota", "max_per_order", "max_per_resident"):
            if 0 < (row.values.get(name) or 0) < pack:
                book.add_error(
                    self.env._("This is less than one pack of %s.", pack),
                    row=row,
                    name=name,
                )
        if quota and (row.values.get("min_quantity") or 0) > quota:
            book.add_error(
                self.env._("The minimum quantity is above the quota."),
                row=row,
                name="min_quantity",
            )
        for tier in sorted(ladder, key=lambda tier: tier.values["min_quantity"]):
            if tier.values["price"] >= price:
                book.add_error(
                    self.env._("The price must fall with every tier."),
                    row=tier,
                    name="price",
                )
            if quota and tier.values["min_quantity"] > quota:
                book.add_error(
                    self.env._("This tier is above the quota of %s.", quota),
                    row=tier,
                    name="min_quantity",
                )
            price = tier.values["price"]

    # === WRITE === #

    def _write_campaigns(self, book):
        changes = book.changes[CAMPAIGNS.name]
        products = {
            code: found
            for code, found in self._find_products(
                {row.values["product"] for row in book.rows[OFFERS.name]}
            ).items()
        }
        points = self._find_pickup_points(
            {code for change in changes for code in change.values.get("points", ())}
        )
        new = [change for change in changes if not change.record]
        campaigns = (
            self.env["groupbuy.campaign"]
            .with_context(lang=self._get_main_lang())
            .create(
                [
                    {
                        **self._prepare_campaign(book, change, points),
                        "name": change.values["name"],
                        "company_id": self.env.company.id,
                    }
                    for change in new
                ]
            )
        )
        written = list(zip(campaigns, new, strict=True))
        for change in changes:
            if change.record:
                change.record.write(self._prepare_campaign(book, change, points))
                written.append((change.record, change))
        self._write_campaign_terms(written)
        self._write_offers(book, products)
        to_publish = self.env["groupbuy.campaign"].union(
            *(
                campaign
                for campaign, change in written
                if change.values.get("status") == "publish"
            )
        )
        to_publish.action_publish()

    def _prepare_campaign(self, book, change, points):
        values = change.values
        vals = {
            name: values[name]
            for name in (*SAME, *DATES, "close_when_full")
            if name in values
        }
        if "picture" in values:
            vals["image_1920"] = book.stored_pictures[values["picture"]]
        if "weekly" in values:
            vals["recurrence"] = "weekly" if values["weekly"] else "none"
        if "points" in values:
            vals["pickup_point_ids"] = [
                Command.set([points[code].id for code in sorted(values["points"])])
            ]
        return vals

    def _write_campaign_terms(self, written):
        for field in ("name", "description"):
            terms = []
            for campaign, change in written:
                if field not in change.values:
                    continue
                value = change.values[field]
                if field == "description":
                    value = value and str(plaintext2html(value))
                terms.append((campaign, self._get_terms(campaign, field, value)))
            self._write_terms(field, terms)

    def _write_offers(self, book, products):
        campaigns = self._find_campaigns(
            {row.values["campaign"] for row in book.rows[OFFERS.name]}
        )
        new = []
        positions = {id(row): n for n, row in enumerate(book.rows[OFFERS.name], 1)}
        for change in book.changes[OFFERS.name]:
            vals = {
                name: change.values[name]
                for name in OFFER_NUMBERS
                if name in change.values
            }
            if "tiers" in change.values:
                vals["tier_ids"] = [
                    Command.clear(),
                    *(
                        Command.create({"min_quantity": quantity, "price": price})
                        for quantity, price in change.values["tiers"].items()
                    ),
                ]
            if change.record:
                change.record.write(vals)
                continue
            row = change.row
            vals |= {
                "campaign_id": campaigns[row.values["campaign"]].id,
                "product_id": products[row.values["product"]].id,
                "sequence": positions[id(row)],
            }
            new.append(vals)
        self.env["groupbuy.offer"].create(new)
