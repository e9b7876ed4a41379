from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

WINDOW = timedelta(hours=1)
MAX_BY_USER = 10
MAX_BY_ADDRESS = 30
KEEP = timedelta(days=1)


class GroupbuyLeaderAttempt(models.Model):
    """Applications sent, also refused ones: they tell who is a leader already."""

    _name = "groupbuy.leader.attempt"
    _description = "Attempt to Apply as a Leader"
    _log_access = False

    date = fields.Datetime(required=True, index=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    address = fields.Char(string="IP Address")

    @api.model
    def _log(self, user, address):
        """Count an attempt.

        :raise UserError: there were too many within the hour; this one is not counted
        """
        recent = Domain("date", ">", fields.Datetime.now() - WINDOW)
        by_user = self.search_count(recent & Domain("user_id", "=", user.id))
        by_address = address and self.search_count(
            recent & Domain("address", "=", address)
        )
        if by_user >= MAX_BY_USER or by_address and by_address >= MAX_BY_ADDRESS:
            raise UserError(
                self.env._("You have tried too often. Please try again in an hour.")
            )
        # Stays whatever becomes of the request, lest some refusals go uncounted.
        with self.env.registry.cursor() as cr:
            self.with_env(self.env(cr=cr)).create(
                {"user_id": user.id, "address": address}
            )

    @api.autovacuum
    def _gc_attempts(self):
        self.search([("date", "<", fields.Datetime.now() - KEEP)]).unlink()
