import base64

from odoo import fields, models
from odoo.exceptions import UserError


class GroupbuyPayoutAnswer(models.TransientModel):
    """What the bank made of a bank file."""

    _name = "groupbuy.payout.answer"
    _description = "Bank's Answer"

    batch_id = fields.Many2one("groupbuy.payout.batch", required=True)
    content = fields.Binary(string="File", attachment=False)
    filename = fields.Char()

    def action_import(self):
        """Note the answer; see `groupbuy.payout.batch._import_answer`."""
        self.ensure_one()
        if not self.content:
            raise UserError(self.env._("Choose a file."))
        counts = self.batch_id._import_answer(
            self.filename, base64.b64decode(self.content)
        )
        # Nothing of the bank's file is kept.
        self.content = False
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "%(paid)s paid, %(failed)s failed, %(returned)s came back.",
                    **counts,
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
