from odoo import models


class StockPickingBatch(models.Model):
    _inherit = "stock.picking.batch"

    def action_groupbuy_print_sheets(self):
        """:return: the dialog that prints the sheets of these batches' transfers"""
        return self.picking_ids.action_groupbuy_print_sheets()
