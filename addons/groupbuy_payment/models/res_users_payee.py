from odoo import models


class ResUsers(models.Model):
    _inherit = "res.users"

    def _groupbuy_get_payee(self):
        """:return: the partner whose money this user sees and withdraws"""
        self.ensure_one()
        return self.partner_id

    def _groupbuy_is_payee(self):
        """Whether this user is paid out by the company whose website this is."""
        self.ensure_one()
        return self._groupbuy_get_payee()._groupbuy_is_payee(self.env.company)
