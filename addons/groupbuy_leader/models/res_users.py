from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _groupbuy_get_leader(self):
        """:return: the approved leader that this user is in the current company,
        sudoed; empty for everybody else, also while a leader is suspended"""
        self.ensure_one()
        # Leaders have no rights on the model; what is shown to them is chosen.
        leaders_sudo = self.env["groupbuy.leader"].sudo()
        return leaders_sudo.search(
            [
                ("user_id", "=", self.id),
                ("company_id", "=", self.env.company.id),
                ("state", "=", "approved"),
            ],
            limit=1,
        )
