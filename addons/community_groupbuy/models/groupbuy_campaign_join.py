import hashlib
import json
import uuid

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import consteq, hmac

MAX_PIECES = 100_000
MAX_KEY_LENGTH = 64


class GroupbuyCampaign(models.Model):
    _inherit = "groupbuy.campaign"

    def join(self, lines, pickup_point_id, key, inviter=None, delivery=None):
        """Hold pieces for the current user and order them, to be paid.

        The same key again gives the same answer and changes nothing.

        :param list lines: [{"offer_id": int, "quantity": whole pieces}, …]
        :param int pickup_point_id: where to collect, a `groupbuy.pickup.point` id; not
            looked at for a delivery to the door
        :param str key: chosen by the caller for this join, up to 64 characters
        :param str inviter: the token of a share link, from `_get_inviter_token`
        :param str delivery: "pickup" (default), or "door": to the resident's own
            address, where the campaign offers that, for a fee
        :return: {"order_id", "access_token", "payment_url", "amount" (in the
            campaign's currency), "expires_at" (ISO 8601, UTC)}
        :raise UserError: the input is wrong, the campaign is not open, too little is
            left, a limit is passed, the point is resting or full, nobody delivers to
            the address, or the key was used for something else
        """
        self.ensure_one()
        self.check_access("read")
        if self.env.user._is_public():
            raise UserError(self.env._("Please sign in to join."))
        wanted, point = self._check_join(lines, pickup_point_id, key, delivery)
        fingerprint = self._get_join_fingerprint(wanted, point)
        partner = self.env.user.partner_id
        # Residents have no rights on holds and orders; what they asked for is checked.
        campaign_sudo = self.sudo()
        if point:
            way = campaign_sudo._prepare_collection(point.sudo())
        else:
            way = campaign_sudo._prepare_door_delivery(partner, wanted)
        hold_model_sudo = self.env["groupbuy.hold"].sudo()
        hold_model_sudo._lock_join(partner, key)
        holds, earlier = hold_model_sudo._take(
            campaign_sudo, partner, key, fingerprint, wanted, point.sudo()
        )
        if not earlier:
            order_sudo = campaign_sudo._create_join_order(
                partner, way, key, holds, inviter
            )
            earlier = (
                order_sudo.id,
                order_sudo.access_token,
                order_sudo.groupbuy_amount,
            )
        order_id, access_token, amount = earlier
        return {
            "order_id": order_id,
            "access_token": access_token,
            "payment_url": f"/groupbuy/pay/{order_id}?access_token={access_token}",
            "amount": self.currency_id.round(float(amount)),
            "expires_at": f"{min(hold['expires_at'] for hold in holds):%FT%TZ}",
        }

    # === CHECKS === #

    def _check_join(self, lines, pickup_point_id, key, delivery=None):
        """:return: ({offer id: pieces}, pickup point) of well-formed input; no point
        for a delivery to the door
        """
        # Control characters and halves of surrogate pairs cannot all be stored.
        if not (
            isinstance(key, str)
            and 1 <= len(key) <= MAX_KEY_LENGTH
            and key.isprintable()
        ):
            raise UserError(self.env._("The key must be text of 1 to 64 characters."))
        wanted = self._check_join_lines(lines)
        if delivery not in (None, False, "pickup", "door"):
            raise UserError(self.env._("Choose a pickup point or a delivery."))
        if delivery == "door":
            self._check_door()
            return wanted, self.env["groupbuy.pickup.point"]
        return wanted, self._check_pickup_point(pickup_point_id)

    def _check_join_lines(self, lines):
        """:return: {offer id: pieces} of well-formed lines"""
        if not isinstance(lines, list) or not lines:
            raise UserError(self.env._("Choose at least one product."))
        offers = {offer.id: offer for offer in self.offer_ids}
        wanted = {}
        for line in lines:
            offer_id, quantity = self._check_join_line(line)
            if offer_id not in offers:
                raise UserError(
                    self.env._("A chosen product does not belong to this group buy.")
                )
            if offer_id in wanted:
                raise UserError(self.env._("A product was chosen twice."))
            self._check_quantity(offers[offer_id], quantity)
            wanted[offer_id] = quantity
        return wanted

    def _check_join_line(self, line):
        if not isinstance(line, dict):
            raise UserError(self.env._("Each line needs a product and a quantity."))
        offer_id, quantity = line.get("offer_id"), line.get("quantity")
        # bool is an int for Python, but no number of pieces.
        if any(isinstance(number, bool) for number in (offer_id, quantity)):
            raise UserError(self.env._("Quantities are whole numbers of pieces."))
        if isinstance(quantity, float) and quantity.is_integer():
            quantity = int(quantity)
        if not isinstance(offer_id, int) or not isinstance(quantity, int):
            raise UserError(self.env._("Quantities are whole numbers of pieces."))
        if not 1 <= quantity <= MAX_PIECES:
            raise UserError(
                self.env._("Quantities go from 1 to %s pieces.", f"{MAX_PIECES:,}")
            )
        return offer_id, quantity

    def _check_quantity(self, offer, quantity):
        if quantity % offer.pack_size:
            raise UserError(
                self.env._(
                    "%(product)s is sold in packs of %(pack_size)s.",
                    product=offer._get_product_name(),
                    pack_size=offer.pack_size,
                )
            )
        if offer.max_per_order and quantity > offer.max_per_order:
            raise UserError(
                self.env._(
                    "%(product)s: at most %(limit)s in one order.",
                    product=offer._get_product_name(),
                    limit=offer.max_per_order,
                )
            )

    def _check_pickup_point(self, pickup_point_id):
        points = self._get_pickup_points()
        if (
            isinstance(pickup_point_id, bool)
            or not isinstance(pickup_point_id, int)
            or pickup_point_id not in points.ids
        ):
            raise UserError(self.env._("Choose one of this group buy's pickup points."))
        return points.browse(pickup_point_id)

    def _get_join_fingerprint(self, wanted, point):
        content = json.dumps([self.id, sorted(wanted.items()), point.id])
        return hashlib.sha256(content.encode()).hexdigest()

    # === ORDER === #

    def _create_join_order(self, partner, way, key, holds, inviter=None):
        """Write the order of a join whose pieces are held.

        :param dict way: the order's values of where its goods go
        """
        self.ensure_one()
        point_id = way["pickup_point_id"]
        if point_id and partner.groupbuy_pickup_point_id.id != point_id:
            partner.sudo().groupbuy_pickup_point_id = point_id
        order = (
            self.env["sale.order"]
            .with_context(
                mail_create_nosubscribe=True, mail_create_nolog=True, mail_notrack=True
            )
            .create(self._prepare_join_order(partner, way, key, holds, inviter))
        )
        if not point_id:
            order._groupbuy_add_door_fee()
        order.groupbuy_amount = order.amount_total
        return order

    def _prepare_collection(self, point):
        """:return: the values of an order that is collected at a point"""
        return {
            "partner_shipping_id": point.partner_id.id,
            "carrier_id": self._get_pickup_carrier().id,
            "pickup_point_id": point.id,
        }

    def _prepare_join_order(self, partner, way, key, holds, inviter):
        offers = {offer.id: offer for offer in self.offer_ids}
        website = self.env["website"].get_current_website()
        return {
            "company_id": self.company_id.id,
            "website_id": website.id,
            # Said here, they need not be worked out for every join.
            "team_id": website.salesteam_id.id,
            "user_id": False,
            "payment_term_id": False,
            "journal_id": False,
            "preferred_payment_method_line_id": False,
            "validity_date": False,
            "note": False,
            "require_signature": False,
            "require_payment": True,
            "prepayment_percent": 1.0,
            "partner_id": partner.id,
            "partner_invoice_id": partner.id,
            **way,
            "groupbuy_campaign_id": self.id,
            "groupbuy_key": key,
            "groupbuy_inviter_id": self._find_inviter(inviter, partner).id,
            "access_token": str(uuid.uuid4()),
            "order_line": [
                Command.create(
                    self._prepare_join_line(
                        offers[hold["offer_id"]], hold["quantity"], hold["price"]
                    )
                )
                for hold in holds
            ],
        }

    def _prepare_join_line(self, offer, quantity, price):
        return {
            "product_id": offer.product_id.id,
            "product_uom_id": offer.product_id.uom_id.id,
            "product_uom_qty": quantity,
            "customer_lead": 0.0,
            "groupbuy_offer_id": offer.id,
            "groupbuy_price": price,
        }

    @api.model
    def _get_pickup_carrier(self):
        return self.env.ref("community_groupbuy.delivery_carrier_pickup")

    # === INVITATIONS === #

    @api.model
    def _get_inviter_token(self, partner):
        """:return: what a share link says of who shared it"""
        signature = hmac(self.env(su=True), "groupbuy-inviter", partner.id)[:16]
        return f"{partner.id}-{signature}"

    def _get_share_path(self):
        """:return: the page's address within the website, with who shares it if the
        user is signed in"""
        self.ensure_one()
        url = self._get_website_url()
        if self.env.user._is_public():
            return url
        return f"{url}?from={self._get_inviter_token(self.env.user.partner_id)}"

    @api.model
    def _find_inviter(self, token, partner):
        """:return: who shared the link, if that is somebody else, or nobody"""
        nobody = self.env["res.partner"]
        token = str(token or "")
        partner_id = token.partition("-")[0]
        if not token.isascii() or not partner_id.isdecimal() or len(partner_id) > 9:
            return nobody
        inviter = nobody.browse(int(partner_id))
        if not consteq(self._get_inviter_token(inviter), token):
            return nobody
        return inviter.exists() - partner
