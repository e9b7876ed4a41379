import base64
import hashlib
import json
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..poster import SIZES, FontMissing, draw_poster

# To be raised when the drawing changes.
VERSION = 1
DAYS_KEPT = 7
# Of one leader, whatever is drawn: the latest ones.
MAX_KEPT = 50


class GroupbuyLeaderPoster(models.Model):
    """Posters that were drawn, kept for as long as what they say stays the same."""

    _name = "groupbuy.leader.poster"
    _description = "Leader's Poster"
    _order = "id desc"
    _rec_name = "key"

    leader_id = fields.Many2one(
        "groupbuy.leader", required=True, index=True, ondelete="cascade"
    )
    key = fields.Char(required=True, index=True, help="Of everything that is drawn.")
    image = fields.Binary(attachment=True, required=True)

    @api.autovacuum
    def _gc_posters(self):
        """Forget posters that are drawn again if somebody wants them."""
        before = fields.Datetime.now() - timedelta(days=DAYS_KEPT)
        self.search([("create_date", "<", before)]).unlink()


class GroupbuyLeader(models.Model):
    _inherit = "groupbuy.leader"

    def _get_poster(self, campaign, size, url):
        """Draw the poster by which this leader shares a campaign, in the user's
        language.

        :param campaign: one of `_get_shared`
        :param str size: "story", "card" or "screen"
        :param str url: the full address that its code leads to
        :return: the bytes of a JPEG image
        :raise UserError: there is no such size, or no font with Chinese letters
        """
        self.ensure_one()
        if size not in SIZES:
            raise UserError(self.env._("There is no poster of this size."))
        content = self._prepare_poster(campaign, url)
        picture = self._get_poster_picture(campaign)
        key = hashlib.sha256(
            json.dumps([VERSION, size, content], sort_keys=True).encode()
            + hashlib.sha256(picture or b"").digest()
        ).hexdigest()
        posters = self.env["groupbuy.leader.poster"]
        poster = posters.search(
            [("leader_id", "=", self.id), ("key", "=", key)], limit=1
        )
        if not poster:
            try:
                image = draw_poster(size, content, picture)
            except FontMissing as error:
                raise UserError(
                    self.env._(
                        "The server has no font with Chinese letters: install "
                        "fonts-noto-cjk."
                    )
                ) from error
            poster = posters.create(
                {"leader_id": self.id, "key": key, "image": base64.b64encode(image)}
            )
            posters.search([("leader_id", "=", self.id)], offset=MAX_KEPT).unlink()
        return base64.b64decode(poster.image)

    def _prepare_poster(self, campaign, url):
        """:return: what a poster says, see `draw_poster`"""
        currency = campaign.currency_id
        offers = []
        for offer in campaign._get_shown_offers():
            best = offer._get_ladder()[-1][1]
            alone = max(offer.product_id.lst_price, offer.base_price)
            crossed = currency.compare_amounts(alone, best) > 0
            offers.append(
                (
                    offer._get_product_name(),
                    currency.format(best),
                    currency.format(alone) if crossed else "",
                )
            )
        points = campaign._get_pickup_points() & self.point_ids
        notes = [
            self.env._("Closes %s", campaign._format_date(campaign.date_close)),
            self.env._("Collect at %s", ", ".join(points.mapped("name"))),
        ]
        if campaign.pickup_date:
            notes.append(
                self.env._("Ready from %s", campaign._format_date(campaign.pickup_date))
            )
        return {
            "title": campaign.name,
            "headline": self.env._("Group buy"),
            "offers": offers,
            "notes": notes,
            "host": self._get_page_name(),
            "invitation": self.env._("Scan to join"),
            "slogan": self.env._("The more join, the less everyone pays."),
            "url": url,
            "lang": self.env.lang or "en_US",
        }

    def _get_poster_picture(self, campaign):
        """:return: the bytes of a campaign's picture, else of its first product's; None
        without any"""
        pictures = [
            campaign.image_1024,
            *campaign._get_shown_offers().mapped("image_1024"),
        ]
        found = next(filter(None, pictures), None)
        return found and base64.b64decode(found)
