from odoo import api, models


class GroupbuyCampaign(models.Model):
    _inherit = "groupbuy.campaign"

    @api.model
    def _get_dashboard_tiles(self):
        """Override of `community_groupbuy` to add the applications to check."""
        return [
            *super()._get_dashboard_tiles(),
            {
                "name": "leaders",
                "label": self.env._("Leaders to Check"),
                "action": "groupbuy_leader.groupbuy_leader_application_action",
                "domain": [("state", "=", "applied")],
                "level": "warning",
            },
        ]
