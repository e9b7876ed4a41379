from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _groupbuy_get_payee(self):
        """:return: the partner whose money this user sees and withdraws"""
        self.ensure_one()
        return self.partner_id
