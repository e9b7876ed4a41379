import hmac as hmac_lib
import re
import secrets
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, hmac

from ..qr_code import draw_png
from ..record_id import find_record

CODE_DIGITS = 6
# How long a code rests after its order was received: a hand-over can be undone.
CODE_REST = timedelta(days=1)
GIVE_TRIES = 5
TOKEN = re.compile(r"(?:^|code=)(\d{1,10})-([0-9a-f]{24})$")


class SaleOrder(models.Model):
    """What a resident shows at the pickup point: six digits, or a signed QR code."""

    _inherit = "sale.order"

    groupbuy_pickup_code = fields.Char(
        string="Pickup Code",
        size=CODE_DIGITS,
        copy=False,
        readonly=True,
        help="Six digits, unique among the orders that wait at the pickup point.",
    )
    groupbuy_ready_at = fields.Datetime(
        string="Ready Since",
        copy=False,
        readonly=True,
        help="When the goods had come to the pickup point.",
    )

    _groupbuy_pickup_code_unique = models.UniqueIndex(
        "(pickup_point_id, groupbuy_pickup_code) WHERE groupbuy_pickup_code IS NOT NULL"
        " AND groupbuy_received_at IS NULL AND state = 'sale'"
    )

    # === CODE === #

    def _groupbuy_give_codes(self):
        """Give these orders pickup codes: their goods have come to the point.

        An order that has a code already keeps it.
        """
        now = fields.Datetime.now()
        self.filtered(lambda order: not order.groupbuy_ready_at).groupbuy_ready_at = now
        orders = self.filtered(
            lambda order: order.pickup_point_id and not order.groupbuy_pickup_code
        )
        if not orders:
            return
        for _try in range(GIVE_TRIES):
            codes = orders._groupbuy_draw_codes()
            try:
                with self.env.cr.savepoint():
                    for order in orders:
                        order.groupbuy_pickup_code = codes[order]
                return
            except UniqueViolation:
                # Somebody else has just given one of them; that is seen by nobody yet.
                orders.invalidate_recordset(["groupbuy_pickup_code"], flush=False)
        raise UserError(
            self.env._("No free pickup codes were found. Please try again.")
        )

    def _groupbuy_draw_codes(self):
        """:return: {order: a code that is free at its point}"""
        self.flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT pickup_point_id, groupbuy_pickup_code
                  FROM sale_order
                 WHERE pickup_point_id IN %s AND groupbuy_pickup_code IS NOT NULL
                   AND (groupbuy_received_at IS NULL OR groupbuy_received_at > %s)
                """,
                tuple(self.pickup_point_id.ids),
                fields.Datetime.now() - CODE_REST,
            )
        )
        taken = set(rows)
        codes = {}
        for order in self:
            key = None
            while key is None or key in taken:
                number = secrets.randbelow(10**CODE_DIGITS)
                key = (order.pickup_point_id.id, f"{number:0{CODE_DIGITS}}")
            taken.add(key)
            codes[order] = key[1]
        return codes

    # === QR === #

    def _groupbuy_get_qr_token(self):
        """:return: the order's number and its signature, as its QR code carries it"""
        self.ensure_one()
        # Signed with the database's secret, which residents cannot read.
        signature = hmac(self.env(su=True), "groupbuy-handover", self.id)
        return f"{self.id}-{signature[:24]}"

    def _groupbuy_get_qr_url(self):
        """:return: address of the image, also for who only has the order's link"""
        self.ensure_one()
        token = self._portal_ensure_token()
        return f"/my/groupbuy/{self.id}/qr.png?access_token={token}"

    def _groupbuy_get_qr_png(self):
        """:return: the QR code as PNG

        It holds the desk's address, so that any phone's camera leads there too.
        """
        self.ensure_one()
        root = self.get_base_url()
        return draw_png(f"{root}/my/handover?code={self._groupbuy_get_qr_token()}")

    @api.model
    def _groupbuy_find_by_token(self, text):
        """:return: the order of a QR code's text; none if its signature is false"""
        match = TOKEN.search(text)
        order = find_record(self, int(match[1])) if match else self.browse()
        if not order:
            return order
        token = order._groupbuy_get_qr_token()
        valid = hmac_lib.compare_digest(token, f"{match[1]}-{match[2]}")
        return order if valid else self.browse()
