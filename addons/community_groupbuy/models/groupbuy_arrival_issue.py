from odoo import api, fields, models
from odoo.fields import Command


class GroupbuyArrivalIssue(models.Model):
    """Pieces that a point did not get as ordered, and whose orders lose them.

    Those who joined last lose first.
    """

    _name = "groupbuy.arrival.issue"
    _description = "Short or Damaged on Arrival"
    _order = "id desc"

    picking_id = fields.Many2one(
        "stock.picking",
        string="Transfer",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one(related="picking_id.company_id", store=True)
    campaign_id = fields.Many2one(
        related="picking_id.groupbuy_campaign_id", store=True, string="Group Buy"
    )
    pickup_point_id = fields.Many2one(related="picking_id.pickup_point_id", store=True)
    route_id = fields.Many2one(related="picking_id.groupbuy_route_id", store=True)
    product_id = fields.Many2one(
        "product.product",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    kind = fields.Selection(
        [
            ("short", "Short on Arrival"),
            ("damaged", "Damaged on Arrival"),
            ("not_sent", "Not Sent"),
        ],
        required=True,
        readonly=True,
    )
    quantity = fields.Float(
        required=True,
        readonly=True,
        digits="Product Unit",
        help="Pieces, in the product's unit.",
    )
    photo = fields.Image(readonly=True, max_width=1920, max_height=1920)
    note = fields.Char(readonly=True)
    scrap_ids = fields.One2many("stock.scrap", "groupbuy_issue_id")
    substitute_product_id = fields.Many2one(
        "product.product", readonly=True, ondelete="restrict"
    )
    line_ids = fields.One2many(
        "groupbuy.arrival.issue.line", "issue_id", string="Orders Affected"
    )
    order_ids = fields.Many2many(
        "sale.order", string="Orders", compute="_compute_order_ids"
    )
    order_count = fields.Integer(compute="_compute_order_ids")

    _quantity_check = models.Constraint(
        "CHECK(quantity > 0)", "What is short or damaged is more than nothing."
    )

    @api.depends("product_id", "kind")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for issue in self:
            issue.display_name = f"{issue.product_id.name}: {kinds.get(issue.kind)}"

    @api.depends("line_ids.order_id")
    def _compute_order_ids(self):
        for issue in self:
            issue.order_ids = issue.line_ids.order_id
            issue.order_count = len(issue.order_ids)

    def action_view_orders(self):
        """Open the orders that lost pieces."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.sale_order_action"
        )
        action["domain"] = [("id", "in", self.line_ids.order_id.ids)]
        action["context"] = {"create": False}
        return action

    # === BUSINESS METHODS === #

    def _take_off(self, quantities):
        """Take the pieces off hand-overs and orders, and give the money back.

        :param quantities: {open hand-over move: pieces in the product's unit}
        """
        # Who loads or receives goods need not have the rights of a salesperson.
        quantities_sudo = {move.sudo(): lost for move, lost in quantities.items()}
        by_line = self.env["stock.move"]._groupbuy_withdraw(quantities_sudo)
        by_reason = {}
        for line, pieces in by_line.items():
            reason = self._get_reason(line.order_id)
            by_reason.setdefault(reason, {})[line] = pieces
        for reason, pieces in by_reason.items():
            self.env["sale.order"]._groupbuy_take_off(pieces, reason)

    def _get_reason(self, order):
        """:return: what an order lost, in the resident's language"""
        issues = self.line_ids.filtered(lambda line: line.order_id == order).issue_id
        names = issues.with_context(lang=order.partner_id.lang).mapped("display_name")
        return ", ".join(names)

    def _scrap(self):
        """Write off what did not come, or came damaged, out of the point's stock.

        Lots and owners are those of the goods that the transfer brought, last first.
        """
        tags = {
            "short": self.env.ref("community_groupbuy.scrap_tag_short"),
            "damaged": self.env.ref("community_groupbuy.scrap_tag_damaged"),
        }
        vals_list = []
        used = {}
        for issue in self:
            picking = issue.picking_id
            brought = picking.move_line_ids.filtered(
                lambda line, own=issue: (
                    line.product_id == own.product_id and line.state == "done"
                )
            )
            left = issue.quantity
            for line in brought.sorted("id", reverse=True):
                there = line.quantity_product_uom - used.get(line, 0.0)
                taken = min(there, left)
                if issue.product_id.uom_id.compare(taken, 0) <= 0:
                    continue
                used[line] = used.get(line, 0.0) + taken
                left -= taken
                vals_list.append(
                    {
                        "company_id": picking.company_id.id,
                        "origin": picking.name,
                        "product_id": issue.product_id.id,
                        "product_uom_id": issue.product_id.uom_id.id,
                        "scrap_qty": taken,
                        "location_id": line.location_dest_id.id,
                        "lot_id": line.lot_id.id,
                        "owner_id": line.owner_id.id,
                        "package_id": line.result_package_id.id,
                        "scrap_reason_tag_ids": [Command.set(tags[issue.kind].ids)],
                        "groupbuy_issue_id": issue.id,
                    }
                )
        self.env["stock.scrap"].create(vals_list).do_scrap()


class GroupbuyArrivalIssueLine(models.Model):
    """What one order lost, and how much of it was substituted."""

    _name = "groupbuy.arrival.issue.line"
    _description = "Order Affected by an Arrival Issue"

    issue_id = fields.Many2one(
        "groupbuy.arrival.issue",
        required=True,
        index=True,
        readonly=True,
        ondelete="cascade",
    )
    sale_line_id = fields.Many2one(
        "sale.order.line",
        string="Order Line",
        required=True,
        index=True,
        readonly=True,
        ondelete="restrict",
    )
    order_id = fields.Many2one(related="sale_line_id.order_id", store=True, index=True)
    partner_id = fields.Many2one(related="order_id.partner_id", string="Resident")
    quantity = fields.Float(string="Lost", readonly=True, digits="Product Unit")
    substituted_quantity = fields.Float(
        string="Substituted", readonly=True, digits="Product Unit"
    )
    refunded_quantity = fields.Float(
        string="Refunded",
        compute="_compute_refunded_quantity",
        digits="Product Unit",
    )

    @api.depends("quantity", "substituted_quantity")
    def _compute_refunded_quantity(self):
        for line in self:
            line.refunded_quantity = line.quantity - line.substituted_quantity


class SaleOrder(models.Model):
    _inherit = "sale.order"

    groupbuy_issue_line_ids = fields.One2many(
        "groupbuy.arrival.issue.line", "order_id", string="Short or Damaged"
    )
