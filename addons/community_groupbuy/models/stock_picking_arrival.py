import base64
import math

from odoo import fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..picture import rewrite_picture
from ..record_id import find_record

MAX_PHOTO = 5 * 2**20
PHOTO_SIZE = (1600, 1600)
PHOTO_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
MAX_NOTE = 500
LOSSES = ("short", "damaged")
KEYS = {
    "product_id",
    *LOSSES,
    "photo",
    "note",
    "substitute_product_id",
    "substitute_quantity",
}


class StockPicking(models.Model):
    """Goods arrive at their point: all right in one tap, or short and damaged.

    What is lost is lost by those who joined last. A substitute that came along goes,
    of these, to those who joined first, at the same price; an order paid with a coupon
    or points is refunded instead, because its rewards belong to the goods chosen.
    """

    _inherit = "stock.picking"

    def groupbuy_record_arrival(self, lines=()):
        """Record what has come of transfers that have left; the goods are ready then.

        Everything that is not said to be short or damaged has come in good order.

        :param list lines: of one transfer only; a dict per product, pieces in the
            product's unit: {"product_id": int, "short": float, "damaged": float,
            "photo": base64 of a picture of up to 5 MB or False, "note": str,
            "substitute_product_id": int or False, "substitute_quantity": float}.
            All but `product_id` may be left out
        :return: True
        :raise AccessError: the user does not run the point
        :raise UserError: recorded already, not left yet, more than has come, or the
            lines are not as described
        """
        transfers_sudo = self._groupbuy_lock_arrival()
        if lines and len(transfers_sudo) != 1:
            raise UserError(
                self.env._("What is missing is recorded for one transfer at a time.")
            )
        report = transfers_sudo._groupbuy_read_arrival(lines) if lines else []
        transfers_sudo.write(
            {
                "groupbuy_arrived_at": fields.Datetime.now(),
                "groupbuy_arrived_by_id": self.env.uid,
            }
        )
        fed = transfers_sudo.move_ids.move_dest_ids
        handovers = fed.picking_id
        if report:
            handovers |= transfers_sudo._groupbuy_record_losses(report)
        transfers_sudo.groupbuy_stage = "point"
        handovers._groupbuy_follow_transfers()
        handovers._groupbuy_make_ready()
        return True

    def action_groupbuy_all_right(self):
        """Record that these transfers have come whole, in one tap."""
        self.groupbuy_record_arrival()

    def action_groupbuy_open_arrival(self):
        """Open the form to record what is short or damaged."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Record Arrival"),
            "res_model": "groupbuy.arrival",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_picking_id": self.id},
        }

    def action_groupbuy_view_issues(self):
        """Open what was short, damaged or not sent of these transfers."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.groupbuy_arrival_issue_action"
        )
        action["domain"] = [("picking_id", "in", self.ids)]
        action["context"] = {}
        return action

    # === CHECKS === #

    def _groupbuy_lock_arrival(self):
        """:return: these transfers, locked, in sudo mode, if they can arrive now"""
        # Those who run a point need no rights in the warehouse: they are checked here.
        transfers_sudo = self.sudo().exists()
        if not transfers_sudo or transfers_sudo != self:
            raise UserError(self.env._("This transfer does not exist."))
        if transfers_sudo.filtered(
            lambda picking: (
                picking.groupbuy_kind != "transfer" or not picking.pickup_point_id
            )
        ):
            raise UserError(
                self.env._("Only goods on their way to a pickup point can arrive.")
            )
        for point_sudo in transfers_sudo.pickup_point_id:
            if not point_sudo._can_be_run_by(self.env.user):
                raise AccessError(
                    self.env._("You can receive goods at your own point only.")
                )
        if transfers_sudo.try_lock_for_update() != transfers_sudo:
            raise UserError(
                self.env._("Somebody else is recording this arrival right now.")
            )
        for transfer_sudo in transfers_sudo:
            if transfer_sudo.groupbuy_stage == "point":
                raise UserError(
                    self.env._(
                        "The arrival of %s is already recorded.", transfer_sudo.name
                    )
                )
            if transfer_sudo.groupbuy_stage != "way":
                raise UserError(
                    self.env._("%s has not left the warehouse yet.", transfer_sudo.name)
                )
        return transfers_sudo

    def _groupbuy_read_arrival(self, lines):
        """Check what a point reports, whoever wrote it.

        :return: [{"product", "short", "damaged", "photo", "note", "substitute",
            "substitute_quantity"}], of the products that lost something
        """
        self.ensure_one()
        if not isinstance(lines, list | tuple):
            raise UserError(self.env._("The report is a list of products."))
        came = self._groupbuy_get_came()
        by_id = {product.id: product for product in came}
        seen, report = set(), []
        for line in lines:
            if not isinstance(line, dict) or set(line) - KEYS:
                raise UserError(self.env._("The report has lines of another shape."))
            product_id = line.get("product_id")
            # An unhashable id is a foreign one, too.
            known = type(product_id) is int and by_id.get(product_id)
            if not known:
                raise UserError(self.env._("%s did not bring this product.", self.name))
            if known in seen:
                raise UserError(self.env._("%s is reported twice.", known.display_name))
            seen.add(known)
            row = self._groupbuy_read_arrival_line(known, line)
            lost = row["short"] + row["damaged"]
            if known.uom_id.compare(lost, came[known]) > 0:
                raise UserError(
                    self.env._(
                        "%(product)s: only %(came)s came, %(lost)s cannot be missing.",
                        product=known.display_name,
                        came=f"{came[known]:g}",
                        lost=f"{lost:g}",
                    )
                )
            if not known.uom_id.is_zero(lost):
                report.append(row)
        return report

    def _groupbuy_get_came(self):
        """:return: {product: pieces that left for the point}"""
        came = {}
        for move in self.move_ids.filtered(lambda move: move.state == "done"):
            pieces = move.product_uom._compute_quantity(
                move.quantity, move.product_id.uom_id
            )
            came[move.product_id] = came.get(move.product_id, 0.0) + pieces
        return came

    def _groupbuy_read_arrival_line(self, product, line):
        row = {"product": product}
        for name in (*LOSSES, "substitute_quantity"):
            row[name] = self._groupbuy_read_pieces(product, line.get(name))
        note = line.get("note") or ""
        if not isinstance(note, str) or len(note) > MAX_NOTE:
            raise UserError(
                self.env._("A note is a text of at most %s characters.", MAX_NOTE)
            )
        row["note"] = note.strip()
        row["photo"] = self._groupbuy_read_photo(line.get("photo"))
        row["substitute"] = self._groupbuy_read_substitute(product, line)
        lost = row["short"] + row["damaged"]
        if product.uom_id.compare(row["substitute_quantity"], lost) > 0:
            raise UserError(
                self.env._(
                    "%s: more is substituted than is missing.", product.display_name
                )
            )
        if not row["substitute"] or not row["substitute_quantity"]:
            row.update(substitute=product.browse(), substitute_quantity=0.0)
        return row

    def _groupbuy_read_pieces(self, product, value):
        pieces = 0.0 if value in (None, False) else value
        valid = type(pieces) in (int, float) and math.isfinite(pieces) and pieces >= 0
        if not valid:
            raise UserError(
                self.env._(
                    "%s: a number of pieces is zero or more.", product.display_name
                )
            )
        return product.uom_id.round(pieces)

    def _groupbuy_read_photo(self, photo):
        """:return: the picture in base64, checked by its content, or False"""
        if not photo:
            return False
        if isinstance(photo, bytes):
            photo = photo.decode("ascii", "replace")
        try:
            # Bounded before it is decoded.
            too_big = len(photo) > MAX_PHOTO * 4 // 3 + 4
            content = b"" if too_big else base64.b64decode(photo, validate=True)
            if too_big or len(content) > MAX_PHOTO:
                raise UserError(self.env._("A photo can have up to 5 MB."))
            content = rewrite_picture(content, PHOTO_SIZE, PHOTO_TYPES)
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("The photo is not a picture.")) from error
        return base64.b64encode(content)

    def _groupbuy_read_substitute(self, product, line):
        product_id = line.get("substitute_product_id") or 0
        if not product_id:
            return product.browse()
        substitute = find_record(product, product_id)
        company = substitute.company_id
        if (
            not substitute
            or substitute == product
            or substitute.type != "consu"
            or substitute.tracking != "none"
            or company not in (self.company_id, company.browse())
        ):
            raise UserError(
                self.env._(
                    "%s: this product cannot stand in for it.", product.display_name
                )
            )
        return substitute

    # === LOSSES === #

    def _groupbuy_record_losses(self, report):
        """Write down and write off what is lost, take it off the orders.

        :param report: as of `_groupbuy_read_arrival`
        :return: the hand-overs of substitutes
        """
        self.ensure_one()
        vals_list, losses, substitutes = [], {}, []
        for row in report:
            by_kind, substituted = self._groupbuy_choose_losers(row)
            if substituted:
                substitutes.append((row["substitute"], dict(substituted)))
            for kind, pieces in by_kind.items():
                vals_list.append(
                    self._groupbuy_prepare_issue(row, kind, pieces, substituted)
                )
                for move, lost in pieces.items():
                    losses[move] = losses.get(move, 0.0) + lost
        issues = self.env["groupbuy.arrival.issue"].create(vals_list)
        issues._scrap()
        arrived = self.browse()
        for product, substituted in substitutes:
            arrived |= self._groupbuy_bring_substitute(product, substituted)
        issues._take_off(losses)
        # New lines were invoiced before the lost ones were credited.
        issues.line_ids.order_id._groupbuy_reconcile()
        return arrived.move_ids.move_dest_ids.picking_id

    def _groupbuy_choose_losers(self, row):
        """Last joined, first to lose; what nobody ordered is lost before that.

        :return: ({kind: {hand-over move: pieces}}, {hand-over move: pieces of these
            that are substituted})
        """
        unit = row["product"].uom_id
        moves = self.move_ids.filtered(
            lambda move: move.product_id == row["product"] and move.state == "done"
        )
        fed = moves.move_dest_ids.filtered(lambda move: move._groupbuy_is_open())
        fed = fed._groupbuy_sorted(last_first=True)
        there = {move: move.product_qty for move in fed}
        spare = self._groupbuy_get_came()[row["product"]] - sum(there.values())
        by_kind, lost_by = {}, {}
        for kind in LOSSES:
            left = row[kind]
            if unit.is_zero(left):
                continue
            pieces = by_kind.setdefault(kind, {})
            taken = min(max(spare, 0.0), left)
            spare -= taken
            left -= taken
            for move in fed:
                taken = min(there[move], left)
                if unit.compare(taken, 0) > 0:
                    there[move] -= taken
                    left -= taken
                    pieces[move] = taken
                    lost_by[move] = lost_by.get(move, 0.0) + taken
        substituted, left = {}, row["substitute_quantity"]
        for move in reversed(list(lost_by)):
            taken = min(lost_by[move], left)
            rewarded = move.sale_line_id.order_id.order_line.filtered("reward_id")
            if unit.compare(taken, 0) > 0 and not rewarded:
                substituted[move] = taken
                left -= taken
        return by_kind, substituted

    def _groupbuy_prepare_issue(self, row, kind, pieces, substituted):
        # One photo shows the damage, if there is any.
        photo_kind = "damaged" if row["damaged"] else "short"
        own = {}
        for move, lost in pieces.items():
            own[move] = min(lost, substituted.get(move, 0.0))
            if own[move]:
                substituted[move] -= own[move]
        return {
            "picking_id": self.id,
            "product_id": row["product"].id,
            "kind": kind,
            "quantity": row[kind],
            "photo": row["photo"] if kind == photo_kind else False,
            "note": row["note"],
            "substitute_product_id": any(own.values()) and row["substitute"].id,
            "line_ids": self._groupbuy_prepare_issue_lines(pieces, own),
        }

    # === SUBSTITUTES === #

    def _groupbuy_bring_substitute(self, product, substituted):
        """Sell and hand over another product instead, at the same price.

        :param substituted: {hand-over move of what is lost: pieces}
        :return: the transfer by which the substitute came along, arrived
        """
        new_lines = self._groupbuy_sell_substitute(product, substituted)
        handed = self.env["stock.move"].create(
            [
                {
                    "picking_id": move.picking_id.id,
                    "picking_type_id": move.picking_type_id.id,
                    "location_id": move.location_id.id,
                    "location_dest_id": move.location_dest_id.id,
                    "company_id": move.company_id.id,
                    "partner_id": move.partner_id.id,
                    "origin": move.origin,
                    "date": move.date,
                    "product_id": product.id,
                    "product_uom": product.uom_id.id,
                    "product_uom_qty": pieces,
                    "sale_line_id": line.id,
                }
                for (move, pieces), line in zip(
                    substituted.items(), new_lines, strict=True
                )
            ]
        )
        handed._action_confirm(merge=False)
        common = {
            "picking_type_id": self.picking_type_id.id,
            "location_id": self.location_id.id,
            "location_dest_id": self.location_dest_id.id,
            "company_id": self.company_id.id,
            "origin": self.name,
        }
        transfer = self.create(
            {
                **common,
                "groupbuy_kind": "transfer",
                "groupbuy_stage": "way",
                "groupbuy_campaign_id": self.groupbuy_campaign_id.id,
                "groupbuy_arrived_at": self.groupbuy_arrived_at,
                "groupbuy_arrived_by_id": self.groupbuy_arrived_by_id.id,
                "pickup_point_id": self.pickup_point_id.id,
                "partner_id": self.partner_id.id,
                "user_id": False,
                "move_ids": [
                    Command.create(
                        {
                            **common,
                            "product_id": product.id,
                            "product_uom": product.uom_id.id,
                            "product_uom_qty": sum(substituted.values()),
                            "move_dest_ids": [Command.set(handed.ids)],
                            "propagate_cancel": False,
                        }
                    )
                ],
            }
        )
        transfer.action_confirm()
        # It stands at the point: the warehouse's count follows, not the reverse.
        transfer.move_ids.quantity = sum(substituted.values())
        transfer.move_ids.picked = True
        transfer._action_done()
        transfer.groupbuy_stage = "point"
        return transfer

    def _groupbuy_sell_substitute(self, product, substituted):
        """:return: the order lines of the substitute, invoiced"""
        vals_list = []
        for move, pieces in substituted.items():
            line = move.sale_line_id
            price = line.product_uom_id._compute_price(
                line.price_unit, move.product_id.uom_id
            )
            vals_list.append(
                {
                    "order_id": line.order_id.id,
                    "sequence": line.sequence,
                    "product_id": product.id,
                    "product_uom_id": product.uom_id.id,
                    "product_uom_qty": pieces,
                    "price_unit": price,
                    "technical_price_unit": price,
                    "discount": line.discount,
                }
            )
        lines = (
            self.env["sale.order.line"]
            .with_context(skip_procurement=True, groupbuy_closing=True)
            .create(vals_list)
        )
        for (move, pieces), new_line in zip(substituted.items(), lines, strict=True):
            line = move.sale_line_id
            ordered = line.product_uom_id._compute_quantity(
                line.product_uom_qty, move.product_id.uom_id
            )
            share = line.price_total * pieces / ordered
            if line.currency_id.compare_amounts(new_line.price_total, share):
                raise UserError(
                    self.env._(
                        "%(new)s cannot stand in for %(old)s at the same price: it "
                        "is taxed in another way.",
                        new=product.display_name,
                        old=move.product_id.display_name,
                    )
                )
        lines.order_id.with_context(groupbuy_closing=True)._groupbuy_invoice()
        return lines

    # === READY === #

    def _groupbuy_make_ready(self):
        """Set goods aside, give codes and tell the residents, once all is there."""
        ready = self.filtered(
            lambda picking: (
                picking.groupbuy_stage == "point"
                and picking.state not in ("done", "cancel")
            )
        )
        quiet = ready.with_context(tracking_disable=True)
        quiet.move_ids.filtered(
            lambda move: move._groupbuy_is_open()
        )._groupbuy_reserve()
        quiet.flush_recordset(["state"])
        orders = ready.sale_id.filtered(lambda order: order.groupbuy_status == "ready")
        orders._groupbuy_give_codes()
        orders._groupbuy_notify("community_groupbuy.mail_template_ready")
