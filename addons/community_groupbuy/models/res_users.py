from odoo import models
from odoo.exceptions import AccessError


class ResUsers(models.Model):
    _inherit = "res.users"

    def _groupbuy_is_operator(self):
        """Whether this user runs the platform's business."""
        self.ensure_one()
        return self.has_group("community_groupbuy.group_operator")

    def _groupbuy_check_operator(self):
        """:raise AccessError: this user is no operator"""
        if not self._groupbuy_is_operator():
            raise AccessError(self.env._("Only operators may do this."))
