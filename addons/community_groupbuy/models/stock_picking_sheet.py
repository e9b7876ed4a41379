from odoo import models
from odoo.fields import Command


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def action_groupbuy_print_sheets(self):
        """:return: the dialog that prints the sheets of these transfers"""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.groupbuy_sheet_print_action"
        )
        action["context"] = {"default_picking_ids": [Command.set(self.ids)]}
        return action

    def write(self, vals):
        """Override of `stock`: goods that go to another point are sorted again."""
        if "pickup_point_id" in vals:
            moved = self.filtered(
                lambda picking: picking.pickup_point_id.id != vals["pickup_point_id"]
            )
            moved.move_ids.filtered("groupbuy_sorted").groupbuy_sorted = 0
        return super().write(vals)
