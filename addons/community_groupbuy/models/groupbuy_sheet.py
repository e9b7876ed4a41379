from collections import defaultdict
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class GroupbuySheet(models.AbstractModel):
    """What is printed for the warehouse, the drivers and the pickup points.

    Each kind of sheet is gathered once, by few queries however many orders there are,
    and has one shape, which PDF and Excel only render:

    `title`, `date`; `labels`, of what stands in front of each block (a pickup point, as
    a rule); `columns`, tuples (label, width in characters, whether it is a number);
    `merge`, how many first columns repeat from row to row; `pages`, a route each:
    dicts of `title`, `facts` and `blocks`: dicts of `values` (one per label), `rows`
    (one value per column) and `total` (pieces).
    """

    _name = "groupbuy.sheet"
    _description = "Group-buy Sheets"

    @api.model
    def _get_kinds(self):
        return [
            ("pick", self.env._("Pick list by product")),
            ("sort", self.env._("Sorting sheet by point and order")),
            ("manifest", self.env._("Route manifest")),
            ("handover", self.env._("Hand-over list")),
        ]

    # === WHAT IS ON IT === #

    @api.model
    def _check_operator(self):
        """Everybody's orders are on these sheets."""
        self.env.user._groupbuy_check_operator()

    @api.model
    def _get_pickings(self, date, routes):
        """Find what leaves the warehouse on a day, in the user's time zone.

        :param date: a date
        :param routes: `groupbuy.route`; none for all, and for what goes to the door
        :return: transfers and door deliveries that are not cancelled
        """
        zone = pytz.timezone(self.env.user.tz or "UTC")
        start, end = (
            zone.localize(datetime.combine(date + timedelta(days=days), time.min))
            .astimezone(pytz.utc)
            .replace(tzinfo=None)
            for days in (0, 1)
        )
        domain = Domain(
            [
                ("groupbuy_kind", "in", ("transfer", "door")),
                ("scheduled_date", ">=", start),
                ("scheduled_date", "<", end),
                ("state", "!=", "cancel"),
                ("company_id", "=", self.env.company.id),
            ]
        )
        if routes:
            domain &= Domain("groupbuy_route_id", "in", routes.ids)
        return self.env["stock.picking"].search(domain)

    @api.model
    def _get_move_condition(self, pickings):
        """:return: SQL for the moves to residents whose goods these pickings bring"""
        ids = tuple(pickings.ids) or (0,)
        return SQL(
            """
            (picking.groupbuy_kind = 'door' AND picking.id IN %(ids)s
             OR picking.groupbuy_kind = 'handover' AND move.id IN (
                SELECT rel.move_dest_id
                  FROM stock_move_move_rel AS rel
                  JOIN stock_move AS source ON source.id = rel.move_orig_id
                 WHERE source.picking_id IN %(ids)s AND source.state <> 'cancel'))
            """,
            ids=ids,
        )

    @api.model
    def _query_orders(self, pickings):
        """:return: what residents still wait for: rows of point id, picking id, order,
        resident, phone, product id and pieces, in the order of the sheets
        """
        self.env["stock.move"].flush_model()
        self.env["stock.picking"].flush_model()
        self.env["res.partner"].flush_model(["name", "phone"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT picking.pickup_point_id, picking.id, o.name, partner.name,
                       partner.phone, move.product_id, SUM(move.product_qty)
                  FROM stock_move AS move
                  JOIN stock_picking AS picking ON picking.id = move.picking_id
             LEFT JOIN sale_order_line AS line ON line.id = move.sale_line_id
             LEFT JOIN sale_order AS o ON o.id = line.order_id
             LEFT JOIN res_partner AS partner ON partner.id = picking.partner_id
                 WHERE %s AND move.state NOT IN ('done', 'cancel')
              GROUP BY picking.pickup_point_id, o.id, picking.id, partner.id,
                       move.product_id
                HAVING SUM(move.product_qty) > 0
              ORDER BY o.id, picking.id, move.product_id
                """,
                self._get_move_condition(pickings),
            )
        )
        return [
            (point, picking, order or "", name or "", phone or "", product, float(qty))
            for point, picking, order, name, phone, product, qty in rows
        ]

    @api.model
    def _query_products(self, pickings):
        """:return: what leaves the warehouse: rows of point id (None to the door),
        picking id, product id, pieces, and the ids of the locations to take them from
        """
        self.env["stock.move"].flush_model()
        self.env["stock.move.line"].flush_model(["move_id", "location_id"])
        return self.env.execute_query(
            SQL(
                """
                SELECT picking.pickup_point_id, picking.id, move.product_id,
                       SUM(move.product_qty),
                       ARRAY_AGG(DISTINCT COALESCE(shelf.location_id,
                                                   move.location_id))
                  FROM stock_move AS move
                  JOIN stock_picking AS picking ON picking.id = move.picking_id
     LEFT JOIN LATERAL (SELECT MIN(line.location_id) AS location_id
                          FROM stock_move_line AS line
                         WHERE line.move_id = move.id) AS shelf ON TRUE
                 WHERE picking.id IN %s AND move.state <> 'cancel'
              GROUP BY picking.id, move.product_id
                """,
                tuple(pickings.ids) or (0,),
            )
        )

    # === GATHERING === #

    @api.model
    def _gather(self, kind, pickings):
        """Gather a sheet.

        :param kind: see `_get_kinds`
        :param pickings: transfers to pickup points and deliveries to the door
        :return: see the class
        :raise UserError: there is nothing to print
        """
        self._check_operator()
        pickings.check_access("read")
        kinds = dict(self._get_kinds())
        if kind not in kinds:
            raise UserError(self.env._("There is no such sheet."))
        # The documents decide what is on the sheet; names of people and products in
        # it may be read by whoever may read the documents.
        sheet = getattr(self.sudo(), f"_gather_{kind}")(pickings.sudo())
        if not any(
            block["rows"] for page in sheet["pages"] for block in page["blocks"]
        ):
            raise UserError(self.env._("There is nothing on this sheet."))
        days = sorted(set(map(self._get_day, pickings)))
        return {
            "kind": kind,
            "title": kinds[kind],
            "date": " – ".join(
                dict.fromkeys(fields.Date.to_string(day) for day in (days[0], days[-1]))
            ),
            **sheet,
        }

    @api.model
    def _get_day(self, picking):
        return fields.Datetime.context_timestamp(picking, picking.scheduled_date).date()

    @api.model
    def _gather_pick(self, pickings):
        totals, points, shelves = defaultdict(float), defaultdict(set), defaultdict(set)
        for point, picking, product, quantity, locations in self._query_products(
            pickings
        ):
            totals[product] += quantity
            points[product].add(point or -picking)
            shelves[product].update(locations)
        products = self._describe_products(totals)
        names = self._describe_locations(set().union(*shelves.values()))
        rows = []
        for product, quantity in totals.items():
            code, barcode, name, unit = products[product]
            shelf = ", ".join(sorted(names[location] for location in shelves[product]))
            rows.append(
                [shelf, code, barcode, name, quantity, unit, len(points[product]), ""]
            )
        rows.sort(key=lambda row: (row[0], row[3]))
        return {
            "labels": [],
            "columns": [
                (self.env._("Take from"), 20, False),
                (self.env._("Code"), 14, False),
                (self.env._("Barcode"), 16, False),
                (self.env._("Product"), 40, False),
                (self.env._("Quantity"), 10, True),
                (self.env._("Unit"), 8, False),
                (self.env._("Places"), 8, True),
                (self.env._("Found"), 10, False),
            ],
            "merge": 1,
            "pages": [
                {
                    "title": self._join_names(pickings.groupbuy_route_id),
                    "facts": [],
                    "blocks": [self._prepare_block([], rows, 4)],
                }
            ],
        }

    @api.model
    def _gather_sort(self, pickings):
        rows = defaultdict(list)
        orders = self._query_orders(pickings)
        products = self._describe_products({row[5] for row in orders})
        for point, _picking, order, name, _phone, product, quantity in orders:
            code, _barcode, product_name, unit = products[product]
            rows[point].append(
                [order, name, code, product_name, quantity, unit, ""],
            )
        return {
            "labels": self._get_stop_labels()[:2],
            "columns": [
                (self.env._("Order"), 12, False),
                (self.env._("Resident"), 18, False),
                (self.env._("Code"), 14, False),
                (self.env._("Product"), 40, False),
                (self.env._("Quantity"), 10, True),
                (self.env._("Unit"), 8, False),
                (self.env._("Sorted"), 10, False),
            ],
            "merge": 2,
            "pages": self._prepare_pages(pickings, rows, 4, values=2),
        }

    @api.model
    def _gather_handover(self, pickings):
        rows = defaultdict(list)
        orders = [row for row in self._query_orders(pickings) if row[0]]
        products = self._describe_products({row[5] for row in orders})
        for point, _picking, order, name, phone, product, quantity in orders:
            _code, _barcode, product_name, unit = products[product]
            rows[point].append(
                # Enough to recognise somebody by; the list lies on a table.
                [order, name, phone[-4:], product_name, quantity, unit, ""]
            )
        return {
            "labels": self._get_stop_labels()[:2],
            "columns": [
                (self.env._("Order"), 12, False),
                (self.env._("Resident"), 18, False),
                (self.env._("Phone ends"), 11, False),
                (self.env._("Product"), 40, False),
                (self.env._("Quantity"), 10, True),
                (self.env._("Unit"), 8, False),
                (self.env._("Signature"), 20, False),
            ],
            "merge": 3,
            "pages": self._prepare_pages(pickings, rows, 4, values=2),
        }

    @api.model
    def _gather_manifest(self, pickings):
        totals, doors = defaultdict(lambda: defaultdict(float)), defaultdict(list)
        lines = self._query_products(pickings)
        products = self._describe_products({row[2] for row in lines})
        for point, picking, product, quantity, _locations in lines:
            code, _barcode, name, unit = products[product]
            if point:
                totals[point][code, name, unit] += quantity
            else:
                doors[picking].append([code, name, quantity, unit, "", ""])
        rows = {
            point: [
                [code, name, quantity, unit, "", ""]
                for (code, name, unit), quantity in sorted(
                    products_of.items(), key=lambda item: item[0][1]
                )
            ]
            for point, products_of in totals.items()
        }
        pages = self._prepare_pages(pickings, rows, 2)
        if doors:
            pages.append(self._prepare_door_page(pickings.browse(doors), doors))
        return {
            "labels": self._get_stop_labels(),
            "columns": [
                (self.env._("Code"), 14, False),
                (self.env._("Product"), 40, False),
                (self.env._("Quantity"), 10, True),
                (self.env._("Unit"), 8, False),
                (self.env._("Short"), 8, False),
                (self.env._("Damaged"), 8, False),
            ],
            "merge": 0,
            "pages": pages,
        }

    @api.model
    def _get_stop_labels(self):
        return [
            (self.env._("Stop"), 6),
            (self.env._("Point"), 18),
            (self.env._("Address"), 30),
            (self.env._("Phone"), 16),
            (self.env._("Hours"), 18),
        ]

    # === NAMES === #

    @api.model
    def _describe_products(self, ids):
        """:return: {product id: (code, barcode, name, unit)}"""
        products = self.env["product.product"].browse(ids)
        return {
            product.id: (
                product.default_code or "",
                product.barcode or "",
                product.display_name,
                product.uom_id.name,
            )
            for product in products.with_context(display_default_code=False)
        }

    @api.model
    def _describe_locations(self, ids):
        locations = self.env["stock.location"].browse(ids)
        return {location.id: location.display_name for location in locations}

    @api.model
    def _join_names(self, records):
        return ", ".join(record.name for record in records)

    @api.model
    def _get_stops(self, pickings):
        """:return: {route, or none: pickup points in the order in which they are driven
        to}, of the transfers among these pickings
        """
        # As planned for this day; else as always.
        routes = {
            picking.pickup_point_id: picking.batch_id.groupbuy_route_id
            or picking.groupbuy_route_id
            for picking in pickings
        }
        points = self.env["groupbuy.pickup.point"].with_context(active_test=False)
        points = points.search([("id", "in", [point.id for point in routes])])
        return points.grouped(lambda point: routes[point])

    @api.model
    def _prepare_pages(self, pickings, rows, quantity_column, values=5):
        """:param dict rows: {point id, None for the door: rows}
        :return: a page per route, a block per point, as they are driven to
        """
        pages = []
        for route, stops in self._get_stops(pickings).items():
            blocks = [
                self._prepare_block(
                    self._describe_stop(number, point)[:values],
                    rows[point.id],
                    quantity_column,
                )
                for number, point in enumerate(stops, 1)
                if point.id in rows
            ]
            if not blocks:
                continue
            facts = [route.driver_id.name, route.vehicle] if route else []
            pages.append(
                {
                    "title": route.name or self.env._("No route"),
                    "facts": [fact for fact in facts if fact],
                    "blocks": blocks,
                }
            )
        if door_rows := [row for point in rows if not point for row in rows[point]]:
            title = self.env._("To the door")
            values = ["", title, *[""] * 3][:values]
            block = self._prepare_block(values, door_rows, quantity_column)
            pages.append({"title": title, "facts": [], "blocks": [block]})
        return pages

    @api.model
    def _describe_stop(self, number, point):
        address = (point.city, point.district, point.street)
        return [
            number,
            point.name,
            " ".join(part for part in address if part),
            point.phone or "",
            point.opening_hours or "",
        ]

    @api.model
    def _prepare_door_page(self, pickings, rows):
        blocks = []
        for number, picking in enumerate(pickings.sorted("id"), 1):
            partner = picking.partner_id
            address = (partner.city, partner.street2, partner.street)
            values = [
                number,
                f"{picking.origin or picking.name} · {partner.name}",
                " ".join(part for part in address if part),
                partner.phone or "",
                picking.carrier_id.name or "",
            ]
            blocks.append(self._prepare_block(values, rows[picking.id], 2))
        return {"title": self.env._("To the door"), "facts": [], "blocks": blocks}

    @api.model
    def _prepare_block(self, values, rows, quantity_column):
        return {
            "values": values,
            "rows": rows,
            "total": sum(row[quantity_column] for row in rows),
        }

    @api.model
    def _format_cell(self, value):
        """:return: a number without needless zeros; text as it is"""
        return f"{value:.12g}" if isinstance(value, float) else str(value)
