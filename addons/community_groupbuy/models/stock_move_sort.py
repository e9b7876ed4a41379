from collections import defaultdict
from datetime import UTC, datetime

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, float_compare

from ..record_id import find_record

# More than one delivery's pieces of a product is a slip of the keyboard.
MAX_PIECES = 1e9


class StockMove(models.Model):
    """Sorting: each resident's pieces into their crate, product by product.

    A crate is an order's; the crates of a point stand together, the points in the order
    in which they are driven to.
    """

    _inherit = "stock.move"

    groupbuy_sorted = fields.Float(
        string="Pieces Sorted",
        digits="Product Unit",
        copy=False,
        readonly=True,
        help="Pieces that lie in the resident's crate already.",
    )
    groupbuy_sorted_at = fields.Datetime(copy=False, readonly=True)
    groupbuy_sorted_by_id = fields.Many2one("res.users", copy=False, readonly=True)

    _groupbuy_sorted_at_idx = models.Index(
        "(groupbuy_sorted_by_id, groupbuy_sorted_at) "
        "WHERE groupbuy_sorted_at IS NOT NULL"
    )

    # === PROGRESS === #

    @api.model
    def get_groupbuy_sorting(self, date=None, route_id=None):
        """What is to be sorted on a day.

        :param str date: the day that the goods leave, "2026-02-28"; without it today,
            in the user's time zone
        :param int route_id: a `groupbuy.route`; none for all
        :return: dict of `date`, `total` and `sorted` (pieces), `crates` and
            `crates_done` (orders), `products`: dicts of `id`, `name`, `code`,
            `barcode`, `total`, `sorted`; and `routes`: dicts of `id`, `name`
        :raise UserError: not an operator, or there is no such day or route
        """
        if date is None:
            date = fields.Date.to_string(fields.Date.context_today(self))
        pickings = self._get_groupbuy_pickings(date, route_id)
        rows = self._query_groupbuy_sorting(pickings)
        totals = defaultdict(lambda: [0.0, 0.0])
        crates = defaultdict(bool)
        for row in rows:
            totals[row["product_id"]][0] += row["quantity"]
            totals[row["product_id"]][1] += row["sorted"]
            open_before = crates[row["picking_id"]]
            crates[row["picking_id"]] = open_before or row["sorted"] < row["quantity"]
        sheet_sudo = self.env["groupbuy.sheet"].sudo()
        described = sheet_sudo._describe_products(totals)
        products = []
        for product_id, (total, done) in totals.items():
            code, barcode, name, unit = described[product_id]
            products.append(
                {
                    "id": product_id,
                    "name": name,
                    "code": code,
                    "barcode": barcode,
                    "unit": unit,
                    "total": total,
                    "sorted": done,
                }
            )
        products.sort(key=lambda product: product["name"])
        routes = self.env["groupbuy.route"].search([])
        return {
            "date": date,
            "total": sum(total for total, _done in totals.values()),
            "sorted": sum(done for _total, done in totals.values()),
            "crates": len(crates),
            "crates_done": sum(not is_open for is_open in crates.values()),
            "products": products,
            "routes": routes.read(["name"], load=None),
        }

    @api.model
    def get_groupbuy_crates(self, product_id, date, route_id=None):
        """Into whose crates a product goes, how many each.

        :param int product_id: a `product.product` of `get_groupbuy_sorting`
        :return: dicts of `move_id`, `point`, `stop` (its number on the route),
            `route`, `order`, `resident`, `quantity`, `sorted` and `by` (who sorted it
            last), in the order of the crates
        :raise UserError: as `get_groupbuy_sorting`
        """
        pickings = self._get_groupbuy_pickings(date, route_id)
        if isinstance(product_id, bool) or not isinstance(product_id, int):
            raise UserError(self.env._("There is no such product."))
        rows = self._query_groupbuy_sorting(pickings, product_id)
        sheet_sudo = self.env["groupbuy.sheet"].sudo()
        stops = {}
        for route_sudo, points_sudo in sheet_sudo._get_stops(pickings.sudo()).items():
            for stop, point_sudo in enumerate(points_sudo, 1):
                stops[point_sudo.id] = (
                    len(stops),
                    point_sudo.name,
                    stop,
                    route_sudo.name or "",
                )
        door = (len(stops), self.env._("To the door"), 0, "")
        users_sudo = self.env["res.users"].sudo()
        users = users_sudo.browse({row["user_id"] for row in rows if row["user_id"]})
        names = {user.id: user.name for user in users}
        rows.sort(key=lambda row: stops.get(row["point_id"], door)[0])
        crates = []
        for row in rows:
            _rank, point, stop, route = stops.get(row["point_id"], door)
            crates.append(
                {
                    "move_id": row["move_id"],
                    "point": point,
                    "stop": stop,
                    "route": route,
                    "order": row["order"] or "",
                    "resident": row["resident"] or "",
                    "quantity": row["quantity"],
                    "sorted": row["sorted"],
                    "by": names.get(row["user_id"], ""),
                }
            )
        return crates

    @api.model
    def _get_groupbuy_pickings(self, date, route_id):
        sheet = self.env["groupbuy.sheet"]
        sheet._check_operator()
        try:
            day = fields.Date.to_date(date)
        except (TypeError, ValueError):
            day = None
        if not day or not isinstance(date, str):
            raise UserError(self.env._("There is no such day."))
        route = self.env["groupbuy.route"]
        if route_id:
            route = find_record(route, route_id)
            if not route:
                raise UserError(self.env._("There is no such route."))
        return sheet._get_pickings(day, route)

    @api.model
    def _query_groupbuy_sorting(self, pickings, product_id=None):
        """:return: a dict per move to a resident; handed over counts as sorted"""
        self.flush_model()
        pickings.flush_model()
        self.env.cr.execute(
            SQL(
                """
                SELECT move.id AS move_id, move.product_id, move.picking_id,
                       picking.pickup_point_id AS point_id,
                       COALESCE(o.name, picking.origin) AS order,
                       partner.name AS resident,
                       move.product_qty::float8 AS quantity,
                       CASE WHEN move.state = 'done' THEN move.product_qty::float8
                            ELSE LEAST(COALESCE(move.groupbuy_sorted, 0),
                                       move.product_qty)::float8 END AS sorted,
                       move.groupbuy_sorted_by_id AS user_id
                  FROM stock_move AS move
                  JOIN stock_picking AS picking ON picking.id = move.picking_id
             LEFT JOIN sale_order_line AS line ON line.id = move.sale_line_id
             LEFT JOIN sale_order AS o ON o.id = line.order_id
             LEFT JOIN res_partner AS partner ON partner.id = picking.partner_id
                 WHERE %s AND move.state <> 'cancel' AND move.product_qty > 0 AND %s
              ORDER BY o.id, move.id
                """,
                self.env["groupbuy.sheet"]._get_move_condition(pickings),
                SQL("move.product_id = %s", product_id) if product_id else SQL("TRUE"),
            )
        )
        return self.env.cr.dictfetchall()

    # === CRATE BY CRATE === #

    def action_groupbuy_sort(self, quantity, already=0.0):
        """Note that pieces have been put into this move's crate.

        :param float quantity: pieces put in now
        :param float already: pieces that lay in it before, as the screen shows it, so
            that two who sort the same product do not fill a crate twice
        :return: pieces that lie in it now
        :raise UserError: somebody else was faster; too many; nothing to sort
        """
        self._check_groupbuy_sorting()
        for number in (quantity, already):
            if isinstance(number, bool) or not isinstance(number, (int, float)):
                raise UserError(self.env._("How many pieces? Enter a number."))
        if not 0 < quantity < MAX_PIECES:
            raise UserError(self.env._("How many pieces? Enter a number above zero."))
        rounding = self.product_id.uom_id.rounding
        move_sudo = self.sudo().try_lock_for_update()
        is_same = move_sudo and not float_compare(
            move_sudo.groupbuy_sorted, already, precision_rounding=rounding
        )
        if not is_same:
            raise UserError(
                self.env._("Somebody else has just filled this crate. Look again.")
            )
        now = move_sudo.groupbuy_sorted + quantity
        if float_compare(now, move_sudo.product_qty, precision_rounding=rounding) > 0:
            raise UserError(
                self.env._(
                    "This crate gets %(quantity)g pieces in all.",
                    quantity=move_sudo.product_qty,
                )
            )
        move_sudo._write_groupbuy_sorted(now)
        return now

    def action_groupbuy_unsort(self):
        """Take this move's pieces out of the crate again."""
        self._check_groupbuy_sorting()
        self.sudo()._write_groupbuy_sorted(0.0)

    @api.model
    def action_groupbuy_unsort_last(self):
        """Undo what the user sorted last and is not handed over.

        :return: dict of `move_id`, `product_id` and `order`, or False: nothing to undo
        """
        self.env["groupbuy.sheet"]._check_operator()
        # Operators decide about crates, whatever their other rights on stock are.
        move_sudo = self.sudo().search(
            [
                ("groupbuy_sorted_by_id", "=", self.env.uid),
                ("groupbuy_sorted", ">", 0),
                ("state", "not in", ("done", "cancel")),
                ("company_id", "=", self.env.company.id),
            ],
            order="groupbuy_sorted_at desc, id desc",
            limit=1,
        )
        if not move_sudo:
            return False
        move_sudo.action_groupbuy_unsort()
        return {
            "move_id": move_sudo.id,
            "product_id": move_sudo.product_id.id,
            "order": move_sudo.sale_line_id.order_id.name or "",
        }

    def _check_groupbuy_sorting(self):
        self.env["groupbuy.sheet"]._check_operator()
        if len(self) != 1 or not self.exists():
            raise UserError(self.env._("There is no such crate."))
        self.check_access("read")
        if self.picking_id.groupbuy_kind not in ("handover", "door") or self.state in (
            "done",
            "cancel",
        ):
            raise UserError(self.env._("There is nothing to sort for this crate."))

    def _write_groupbuy_sorted(self, quantity):
        self.write(
            {
                "groupbuy_sorted": quantity,
                # To the microsecond: whoever scans fills several crates in a second.
                "groupbuy_sorted_at": datetime.now(UTC).replace(tzinfo=None),
                "groupbuy_sorted_by_id": self.env.uid,
            }
        )
