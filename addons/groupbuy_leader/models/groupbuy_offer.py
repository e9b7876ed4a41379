from odoo import models
from odoo.fields import Command

from odoo.addons.community_groupbuy.models.groupbuy_offer import AGREED_FIELDS

from .groupbuy_campaign_leader import RUNNING_STATES


class GroupbuyOffer(models.Model):
    """Leaders sell on the platform's terms, also when these are corrected."""

    _inherit = "groupbuy.offer"

    def write(self, vals):
        """Override to correct leaders' offers along with the platform's."""
        result = super().write(vals)
        agreed = AGREED_FIELDS & vals.keys()
        if agreed:
            self._correct_leader_offers(agreed)
        return result

    def _check_agreed(self, vals):
        """Override: neighbours who joined at a leader's have agreed to the same."""
        result = super()._check_agreed(vals)
        agreed = {name: vals[name] for name in AGREED_FIELDS & vals.keys()}
        if agreed and (offers := self._get_leader_offers()):
            super(GroupbuyOffer, offers)._check_agreed(agreed)
        return result

    def _get_leader_offers(self):
        """:return: what leaders sell of these offers at present"""
        return self.search(
            [
                ("quota_offer_id", "in", self.ids),
                ("campaign_id.state", "in", RUNNING_STATES),
            ]
        )

    def _correct_leader_offers(self, names):
        """Bring these fields of leaders' offers, which nobody has bought, in step."""
        for origin, offers in (
            self._get_leader_offers().grouped("quota_offer_id").items()
        ):
            (vals,) = origin.copy_data()
            vals = {name: vals[name] for name in names if name in vals}
            if "tier_ids" in vals:
                vals["tier_ids"] = [Command.clear(), *vals["tier_ids"]]
            offers.write(vals)
