import base64
import binascii

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools.mimetypes import guess_mimetype

from ..record_id import MAX_ID
from .groupbuy_handover import UNDO_TIME
from .sale_order_pickup import CODE_DIGITS

MAX_AT_ONCE = 500
MAX_LISTED = 100
MAX_SIGNATURE = 500_000
# Longer than any address that a QR code of ours holds.
MAX_TEXT = 500


class GroupbuyPickupPoint(models.Model):
    """The desk of a pickup point: who comes, and what they get."""

    _inherit = "groupbuy.pickup.point"

    # === WHO === #

    def _can_be_run_by(self, user):
        """Whether this user receives and hands over goods at this point.

        :param user: a `res.users`
        """
        self.ensure_one()
        return (
            user._groupbuy_is_operator() and self.company_id in user.sudo().company_ids
        )

    @api.model
    def _get_run_by(self, user):
        """:return: the points that this user runs, sudoed"""
        # Filtered by what the user may do there.
        points_sudo = self.sudo().search(
            [("company_id", "in", user.sudo().company_ids.ids)], order="name, id"
        )
        return points_sudo.filtered(lambda point: point._can_be_run_by(user))

    def _check_can_be_run(self):
        """:return: this point, sudoed, once the user may run it"""
        # The rights on orders and goods follow from running the point.
        point_sudo = self.sudo()
        if (
            len(self) != 1
            or not point_sudo.exists()
            or not point_sudo._can_be_run_by(self.env.user)
        ):
            raise AccessError(self.env._("This is not a pickup point that you run."))
        return point_sudo

    # === FIND === #

    def get_handover_orders(self, search="", offset=0, limit=40):
        """List the orders that wait at this point.

        :param str search: part of a resident's name, order number or group buy, or the
            end of a phone number
        :return: {"total": orders that match, "orders": summaries, see `find_handover`}
        :raise UserError: the user does not run this point, or bad input
        """
        point_sudo = self._check_can_be_run()
        if not (
            isinstance(search, str)
            and _is_count(offset)
            and _is_count(limit)
            and limit <= MAX_LISTED
        ):
            raise UserError(self.env._("This list cannot be shown."))
        domain = point_sudo._get_handover_domain()
        search = escape_like(search.strip()[:100])
        if search:
            domain &= Domain.OR(
                [
                    Domain("name", "ilike", search),
                    Domain("partner_id.name", "ilike", search),
                    Domain("partner_id.phone", "=like", f"%{search}"),
                    Domain("groupbuy_campaign_id.name", "ilike", search),
                ]
            )
        orders_sudo = self.env["sale.order"].sudo()
        found_sudo = orders_sudo.search(domain, offset=offset, limit=limit, order="id")
        return {
            "total": orders_sudo.search_count(domain),
            "orders": [
                point_sudo._prepare_handover(order_sudo, None)
                for order_sudo in found_sudo
            ],
        }

    def get_recent_handovers(self):
        """List what was handed over at this point and can still be undone.

        :return: results as of `hand_over`, the latest first
        :raise UserError: the user does not run this point
        """
        point_sudo = self._check_can_be_run()
        # Of this point only.
        handovers_sudo = self.env["groupbuy.handover"].sudo()
        handovers_sudo = handovers_sudo.search(
            [
                ("point_id", "=", point_sudo.id),
                ("date", ">", fields.Datetime.now() - UNDO_TIME),
                ("undone_at", "=", False),
            ],
            limit=MAX_LISTED,
        )
        return [
            point_sudo._prepare_result(
                False,
                handover_sudo.order_id,
                {},
                {handover_sudo.order_id: handover_sudo},
            )
            for handover_sudo in handovers_sudo
        ]

    def _get_handover_domain(self):
        """:return: the domain of the orders that can be collected here"""
        return Domain("pickup_point_id", "in", self.ids) & Domain(
            "picking_ids",
            "any",
            [
                ("groupbuy_kind", "=", "handover"),
                ("groupbuy_stage", "=", "point"),
                ("state", "not in", ("done", "cancel")),
            ],
        )

    def find_handover(self, code):
        """Look up what somebody at the desk shows.

        :param code: the six digits, the text of the QR code, an order's number or id
        :return: {"order_id", "name", "state": "ready" or "refused", "reason",
            "message", "undo_until" (UTC), "undo_seconds", "handover_id"} and, of orders
            of this point, {"partner", "phone" (masked), "campaign", "lines": [{"name",
            "quantity"}], "pieces", "late" (to be returned)}
        :raise UserError: the user does not run this point, or no code at all
        """
        point_sudo = self._check_can_be_run()
        point_sudo._check_handover_code(code)
        order_sudo, method = point_sudo._find_handover_orders([code])[code]
        refusal = point_sudo._get_handover_refusal(order_sudo, method)
        return point_sudo._prepare_handover(order_sudo, refusal)

    def _check_handover_code(self, code):
        is_id = _is_count(code) and code
        if not is_id and not (isinstance(code, str) and code.strip()):
            raise UserError(self.env._("Scan a QR code or type a pickup code."))

    def _find_handover_orders(self, codes):
        """:return: {code: (order, "qr", "code" or "list")}, no order if there is none

        Of a code that two orders have had, the one that still waits counts; of a code
        that nobody has here, an order that waits elsewhere.
        """
        self.ensure_one()
        order_model = self.env["sale.order"]
        texts = {
            code: code.strip()[:MAX_TEXT] for code in codes if isinstance(code, str)
        }
        digits = {text for text in texts.values() if _is_pickup_code(text)}
        own = order_model.search(
            [
                ("pickup_point_id", "=", self.id),
                "|",
                ("groupbuy_pickup_code", "in", list(digits)),
                ("name", "in", list(set(texts.values()) - digits)),
            ],
            order="id",
        )
        # The last one of a key stays: those that wait, after those that are done.
        own = own.sorted(lambda order: not order.groupbuy_received_at)
        by_code = {order.groupbuy_pickup_code: order for order in own}
        elsewhere = order_model.search(
            [
                ("pickup_point_id", "!=", self.id),
                ("groupbuy_pickup_code", "in", list(digits - by_code.keys())),
                ("groupbuy_status", "=", "ready"),
            ]
        )
        by_code |= {order.groupbuy_pickup_code: order for order in elsewhere}
        by_name = {order.name: order for order in own}
        ids = [code for code in codes if not isinstance(code, str) and code <= MAX_ID]
        by_id = {order.id: order for order in order_model.browse(ids).exists()}
        found = {}
        for code in codes:
            text = texts.get(code)
            if text is None:
                found[code] = (by_id.get(code, order_model), "list")
            elif text in digits:
                found[code] = (by_code.get(text, order_model), "code")
            elif text in by_name:
                found[code] = (by_name[text], "list")
            else:
                found[code] = (order_model._groupbuy_find_by_token(text), "qr")
        return found

    # === REFUSE === #

    def _get_handover_refusal(self, order, method):
        """:return: (reason, text) why not to hand this order over now, or None"""
        self.ensure_one()
        if not order:
            return "unknown", self.env._("No order of this point has this code.")
        if order.pickup_point_id != self:
            # Whoever shows the QR code may know where to go; a number says nothing.
            if method == "qr" and order.pickup_point_id:
                return "wrong_point", self.env._(
                    "This order is to be collected elsewhere: %s.",
                    order.pickup_point_id.name,
                )
            return "wrong_point", self.env._("This is not an order of this point.")
        return order._groupbuy_get_handover_refusal()

    def _prepare_handover(self, order, refusal):
        """:return: what the desk shows of an order, see `find_handover`"""
        reason, message = refusal or (False, False)
        summary = {
            "order_id": False,
            "name": False,
            "state": "refused" if refusal else "ready",
            "reason": reason,
            "message": message,
            "undo_until": False,
            "undo_seconds": 0,
            "handover_id": False,
        }
        if order.pickup_point_id != self:
            return summary
        handover = order.groupbuy_handover_ids[:1]
        lines = [
            {
                "name": move.product_id.with_context(
                    display_default_code=False
                ).display_name,
                "quantity": move.product_uom_qty,
            }
            for move in order._groupbuy_get_handover_pickings().move_ids
            if move.state != "cancel"
        ]
        return {
            **summary,
            **(handover._prepare_undo() if reason == "collected" else {}),
            "order_id": order.id,
            "name": order.name,
            "partner": order.partner_id.name,
            "phone": mask_phone(order.partner_id.phone),
            "campaign": order.groupbuy_campaign_id.name,
            "lines": lines,
            "pieces": sum(line["quantity"] for line in lines),
            "late": order.groupbuy_late,
        }

    # === HAND OVER === #

    def hand_over(self, codes_or_order_ids, signature=None, method=None):
        """Hand over orders to the residents who are here; harmless to repeat.

        :param list codes_or_order_ids: as for `find_handover`, 500 at most
        :param str signature: base64 of a picture, of all these orders
        :param str method: "code", "qr" or "list", how the residents were recognised;
            without it, as the codes tell
        :return: a dict per order, in the order given: {"code" (as given), "order_id",
            "name", "partner", "state": "done", "refused" or "busy" (somebody else has
            it in hand), "reason", "message", "undo_until" (UTC),
            "undo_seconds", "handover_id"}. Reasons:
            "unknown", "wrong_point", "cancelled", "refund", "not_arrived", "collected",
            "missing"
        :raise UserError: the user does not run this point, or bad input
        """
        point_sudo = self._check_can_be_run()
        point_sudo._check_handovers(codes_or_order_ids, signature, method)
        codes = list(dict.fromkeys(codes_or_order_ids))
        found = point_sudo._find_handover_orders(codes)
        methods = {}
        for order, how in found.values():
            methods.setdefault(order, how)
        orders_sudo = self.env["sale.order"].sudo().union(*methods)
        # Whoever has the lock decides; a change since then starts this over.
        locked_sudo = orders_sudo.try_lock_for_update(allow_referencing=True)
        refusals = {
            order: point_sudo._get_handover_refusal(order, methods[order])
            for order in locked_sudo
        }
        ready_sudo = locked_sudo.filtered(lambda order: not refusals[order])
        refusals.update(ready_sudo._groupbuy_hand_over())
        done_sudo = ready_sudo.filtered(lambda order: not refusals[order])
        if method:
            methods = dict.fromkeys(methods, method)
        handovers = self.env["groupbuy.handover"]._log(done_sudo, methods, signature)
        by_order = handovers.grouped("order_id")
        results, told = [], set()
        for code, (order, _how) in found.items():
            if order not in told:
                results.append(
                    point_sudo._prepare_result(code, order, refusals, by_order)
                )
            if order:
                told.add(order)
        return results

    def _check_handovers(self, codes, signature, method):
        if not isinstance(codes, list) or not codes:
            raise UserError(self.env._("Choose the orders to hand over."))
        if len(codes) > MAX_AT_ONCE:
            raise UserError(
                self.env._("At most %s orders are handed over at once.", MAX_AT_ONCE)
            )
        for code in codes:
            self._check_handover_code(code)
        if method not in (None, "code", "qr", "list"):
            raise UserError(self.env._("Orders are recognised by code, QR or list."))
        if signature and not _is_picture(signature):
            raise UserError(self.env._("The signature is not a picture."))

    def _prepare_result(self, code, order, refusals, handovers):
        handover = handovers.get(order)
        if handover:
            state, reason, message = "done", False, self.env._("Handed over.")
        elif order and order not in refusals:
            state, reason = "busy", "busy"
            message = self.env._("Somebody else is handing over this order.")
        else:
            state = "refused"
            refusal = refusals.get(order) or self._get_handover_refusal(order, "code")
            reason, message = refusal
            if reason == "collected":
                handover = order.groupbuy_handover_ids[:1]
        own = order.pickup_point_id == self
        return {
            "code": code,
            "order_id": own and order.id,
            "name": own and order.name,
            "partner": own and order.partner_id.name,
            "state": state,
            "reason": reason,
            "message": message,
            "undo_until": False,
            "undo_seconds": 0,
            "handover_id": False,
            **(handover._prepare_undo() if handover else {}),
        }


def _is_count(value):
    """Whether this is a whole number, not negative; True is none"""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_pickup_code(text):
    return len(text) == CODE_DIGITS and text.isascii() and text.isdecimal()


def _is_picture(text):
    """Whether this is base64 of a small PNG or JPEG, also as a data URL"""
    if not isinstance(text, str) or len(text) > MAX_SIGNATURE:
        return False
    try:
        content = base64.b64decode(text.rpartition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        return False
    return guess_mimetype(content) in ("image/png", "image/jpeg")


def mask_phone(phone):
    """:return: the last four digits: enough to ask for, too few to call"""
    digits = "".join(char for char in phone or "" if char.isdecimal())
    return f"…{digits[-4:]}" if len(digits) > 4 else ""


def escape_like(text):
    return text.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
