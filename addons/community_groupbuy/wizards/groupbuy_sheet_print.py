from odoo import api, fields, models
from odoo.exceptions import UserError


class GroupbuySheetPrint(models.TransientModel):
    """Which sheet, of which day or transfers, on paper or as a workbook."""

    _name = "groupbuy.sheet.print"
    _description = "Print Sheets"

    kind = fields.Selection(
        lambda self: self.env["groupbuy.sheet"]._get_kinds(),
        string="Sheet",
        required=True,
        default="sort",
    )
    file_format = fields.Selection(
        [("pdf", "PDF, to print"), ("xlsx", "Excel")],
        string="Format",
        required=True,
        default="pdf",
    )
    date = fields.Date(
        string="Day", default=fields.Date.context_today, help="Day of departure."
    )
    route_ids = fields.Many2many(
        "groupbuy.route",
        string="Routes",
        help="Leave empty for all routes, and for what goes to the door.",
    )
    picking_ids = fields.Many2many("stock.picking", string="Transfers", readonly=True)
    picking_count = fields.Integer(compute="_compute_picking_count")

    @api.depends("date", "route_ids", "picking_ids")
    def _compute_picking_count(self):
        for wizard in self:
            wizard.picking_count = len(wizard._get_pickings())

    def _get_pickings(self):
        """:return: the chosen transfers, or those of the day"""
        self.ensure_one()
        if self.picking_ids or not self.date:
            return self.picking_ids.filtered(
                lambda picking: (
                    picking.groupbuy_kind in ("transfer", "door")
                    and picking.state != "cancel"
                )
            )
        return self.env["groupbuy.sheet"]._get_pickings(self.date, self.route_ids)

    def _gather(self):
        """:return: the sheet, see `groupbuy.sheet`"""
        return self.env["groupbuy.sheet"]._gather(self.kind, self._get_pickings())

    def action_print(self):
        """:return: the action that prints or downloads the sheet

        :raise UserError: nothing leaves on that day
        """
        self.ensure_one()
        if not self._get_pickings():
            raise UserError(self.env._("Nothing leaves the warehouse then."))
        if self.file_format == "xlsx":
            return {
                "type": "ir.actions.act_url",
                "url": f"/groupbuy/sheets/{self.id}.xlsx",
                "target": "download",
            }
        report = self.env.ref("community_groupbuy.groupbuy_sheet_report")
        return report.report_action(self, config=False)
