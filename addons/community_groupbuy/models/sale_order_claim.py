import base64
import math
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..picture import rewrite_picture
from ..record_id import find_record

MAX_PHOTOS = 5
MAX_PHOTO_MB = 5
PHOTO_SIZE = (1600, 1600)
MAX_LINES = 50
MAX_NOTE = 2000


class SaleOrder(models.Model):
    """After-sales requests of residents about what they have received."""

    _inherit = "sale.order"

    groupbuy_claim_ids = fields.One2many(
        "groupbuy.claim", "order_id", string="After-sales Requests"
    )
    groupbuy_claim_count = fields.Integer(compute="_compute_groupbuy_claim_count")
    groupbuy_claimed_at = fields.Datetime(
        string="Last After-sales Request", copy=False, readonly=True
    )

    def _compute_groupbuy_claim_count(self):
        groups = self.env["groupbuy.claim"]._read_group(
            [("order_id", "in", self.ids)], ["order_id"], ["__count"]
        )
        counts = {order.id: count for order, count in groups}
        for order in self:
            order.groupbuy_claim_count = counts.get(order.id, 0)

    def action_view_groupbuy_claims(self):
        """:return: the action that lists the after-sales requests of this order"""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "community_groupbuy.groupbuy_claim_action"
        )
        action["domain"] = [("order_id", "=", self.id)]
        action["context"] = {"default_order_id": self.id}
        return action

    def groupbuy_submit_claim(self, lines):
        """Ask for a refund or a return of goods of this order.

        :param list lines: dicts {"line_id": int, "quantity": pieces, "reason_id": int,
            "wish": "refund" or "return", "note": str, "photos": list of [file name,
            base64]}; the last two may be left out. At most 5 photos a line, JPEG, PNG
            or GIF of at most 5 MB each
        :return: {"claim_id": int, "name": str, "url": str}
        :raise AccessError: the order is somebody else's
        :raise UserError: bad input, not received, too late, or claimed already
        """
        order_sudo = self._check_groupbuy_claim_access()
        vals_list = order_sudo._groupbuy_read_claim(lines)
        return order_sudo._groupbuy_create_claim(vals_list)._prepare_answer()

    def _check_groupbuy_claim_access(self):
        """:return: this order, sudoed, once the user may complain about it"""
        # Residents have no rights on requests but to read them.
        order_sudo = self.sudo().exists()
        own = order_sudo.partner_id == self.env.user.partner_id
        operator = self.env.user._groupbuy_is_operator()
        if len(order_sudo) != 1 or not (self.env.su or own or operator):
            raise AccessError(
                self.env._("You can complain about your own orders only.")
            )
        return order_sudo

    def _groupbuy_get_claim_deadline(self):
        """:return: until when one can complain about this order (UTC); None before it
        has been received"""
        self.ensure_one()
        if not self.groupbuy_received_at:
            return None
        days = timedelta(days=self.company_id.groupbuy_claim_days)
        return self.groupbuy_received_at + days

    def _groupbuy_is_claimable(self):
        """Whether anything of this order can be complained about now."""
        deadline = self._groupbuy_get_claim_deadline()
        if deadline and fields.Datetime.now() > deadline:
            return False
        return any(pieces > 0 for pieces in self._groupbuy_get_claimable().values())

    def _groupbuy_get_claimable(self):
        """:return: {order line: pieces that can be complained about}"""
        return self.order_line._get_claimable()

    def _groupbuy_create_claim(self, vals_list, **vals):
        """:return: a request about lines, see `_groupbuy_read_claim`"""
        photos = [line_vals.pop("photos", []) for line_vals in vals_list]
        claim = self.env["groupbuy.claim"].create(
            {
                **vals,
                "order_id": self.id,
                "line_ids": [Command.create(line_vals) for line_vals in vals_list],
            }
        )
        for line, own in zip(claim.line_ids, photos, strict=True):
            line.photo_ids = self.env["ir.attachment"].create(
                [
                    {
                        "name": name,
                        "raw": content,
                        "mimetype": "image/jpeg",
                        "res_model": line._name,
                        "res_id": line.id,
                    }
                    for name, content in own
                ]
            )
        return claim

    # === INPUT === #

    def _groupbuy_read_claim(self, lines):
        """:return: the values of request lines, from a resident's input"""
        if not isinstance(lines, list) or not lines:
            raise UserError(self.env._("Choose what the after-sales request is about."))
        if len(lines) > MAX_LINES:
            raise UserError(self.env._("That is too much for one request."))
        return [self._groupbuy_read_claim_line(line) for line in lines]

    def _groupbuy_read_claim_line(self, line):
        if not isinstance(line, dict):
            raise UserError(self.env._("Choose what the after-sales request is about."))
        sale_line = self._groupbuy_read_id("sale.order.line", line.get("line_id"))
        if sale_line not in self.order_line:
            raise UserError(self.env._("These goods belong to another order."))
        reason = self._groupbuy_read_id("groupbuy.claim.reason", line.get("reason_id"))
        if not reason.active:
            raise UserError(self.env._("Choose a reason."))
        quantity = line.get("quantity")
        if (
            not isinstance(quantity, int | float)
            or isinstance(quantity, bool)
            or not math.isfinite(quantity)
            or sale_line.product_uom_id.compare(quantity, 0) <= 0
            or quantity != sale_line.product_uom_id.round(quantity)
            or quantity > self._groupbuy_get_claimable().get(sale_line, 0)
        ):
            raise UserError(
                self.env._(
                    "Of %(product)s, %(quantity)s can be complained about: what was "
                    "received, less what requests exist for already.",
                    product=sale_line.product_id.display_name,
                    quantity=max(self._groupbuy_get_claimable().get(sale_line, 0), 0),
                )
            )
        wish = line.get("wish", "refund")
        if wish not in ("refund", "return"):
            raise UserError(self.env._("Choose between money back and a return."))
        note = line.get("note") or ""
        if not isinstance(note, str) or len(note) > MAX_NOTE:
            raise UserError(
                self.env._("Describe it in at most %s characters.", MAX_NOTE)
            )
        return {
            "sale_line_id": sale_line.id,
            "quantity": quantity,
            "reason_id": reason.id,
            "wish": wish,
            "note": note.strip(),
            "photos": self._groupbuy_read_photos(line.get("photos") or []),
        }

    def _groupbuy_read_id(self, model, value):
        record = find_record(self.env[model], value)
        if not record:
            raise UserError(
                self.env._("Choose goods of this order, and a reason for each.")
            )
        return record

    def _groupbuy_read_photos(self, photos):
        """:return: [(name, JPEG)] of what was uploaded, without where it was taken"""
        if not isinstance(photos, list) or len(photos) > MAX_PHOTOS:
            raise UserError(
                self.env._("Add at most %s photos for each of the goods.", MAX_PHOTOS)
            )
        return [self._groupbuy_read_photo(photo) for photo in photos]

    def _groupbuy_read_photo(self, photo):
        refusal = UserError(
            self.env._(
                "A photo must be a JPEG, PNG or GIF of at most %s MB.", MAX_PHOTO_MB
            )
        )
        if not isinstance(photo, list | tuple) or len(photo) != 2:
            raise refusal
        name, text = photo
        if not isinstance(name, str) or not isinstance(text, str | bytes):
            raise refusal
        # Four characters stand for three bytes.
        if len(text) > MAX_PHOTO_MB * 1024 * 1024 * 4 / 3 + 4:
            raise refusal
        try:
            content = base64.b64decode(text, validate=True)
            content = rewrite_picture(content, PHOTO_SIZE)
        except ValueError as error:
            raise refusal from error
        stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0]
        return (stem or "photo")[:60] + ".jpg", content

    # === SAME PROBLEM === #

    @api.model
    def groupbuy_answer_ask(self, ask_id):
        """Answer "yes, I had this too" to a question about goods of one's own order.

        Answering again gives the same request.

        :param int ask_id: of `groupbuy.claim.ask`
        :return: {"claim_id": int, "name": str, "url": str}
        :raise UserError: no such question for this user, or too late
        """
        # Only whether it was put to this user is looked at.
        ask_sudo = find_record(self.env["groupbuy.claim.ask"].sudo(), ask_id)
        if not ask_sudo or ask_sudo.partner_id != self.env.user.partner_id:
            raise UserError(self.env._("You have not been asked about this."))
        return ask_sudo._answer_yes()._prepare_answer()
