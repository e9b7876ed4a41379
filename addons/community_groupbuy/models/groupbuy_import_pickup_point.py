from odoo import models

from .groupbuy_import_columns import PICKUP_POINTS

TRANSLATED = ("name", "opening_hours")
OWN = ("code", "latitude", "longitude", "capacity", "route_sequence")
ADDRESS = ("street", "district", "city", "zip", "phone")


class GroupbuyImport(models.AbstractModel):
    """Pickup points: found by their code, with their address."""

    _inherit = "groupbuy.import"

    # === PLAN === #

    def _plan_pickup_points(self, book):
        rows = book.get_sound_rows(PICKUP_POINTS)
        points = self._find_pickup_points([row.values["code"] for row in rows])
        pictures = self._get_picture_checksums(
            "groupbuy.pickup.point", [point.id for point in points.values()]
        )
        for row in rows:
            point = points.get(row.values["code"])
            wanted = {
                name: value for name, value in row.values.items() if value is not None
            }
            if point and not point.active:
                book.add_error(
                    self.env._("The pickup point with this code is archived."),
                    row=row,
                    name="code",
                )
                continue
            if "province" in wanted and not self._get_province(wanted["province"]):
                book.add_error(
                    self.env._("There is no province “%s”.", wanted["province"]),
                    row=row,
                    name="province",
                )
                continue
            if point:
                present = self._read_pickup_point(point, wanted)
                present["picture"] = pictures.get(point.id)
                wanted = {
                    name: value
                    for name, value in wanted.items()
                    if value != present[name]
                }
            book.add_change(row, point, wanted)

    def _find_pickup_points(self, codes):
        """:return: {code: point of this company}, archived ones too"""
        points = (
            self.env["groupbuy.pickup.point"]
            .with_context(active_test=False)
            .search(
                [("code", "in", list(codes)), ("company_id", "=", self.env.company.id)]
            )
        )
        return {point.code: point for point in points}

    def _read_pickup_point(self, point, wanted):
        """:return: {column: value} of a point, as its row would say it"""
        main = point.with_context(lang=self._get_main_lang())
        present = {name: main[name] or "" for name in (*TRANSLATED, *ADDRESS)}
        present["route"] = main.route_id.name or ""
        for name in ("code", "capacity", "route_sequence"):
            present[name] = point[name]
        for name in ("latitude", "longitude"):
            present[name] = round(point[name], 7)
        province = wanted.get("province")
        state = point.partner_id.state_id
        kept = province and state == self._get_province(province)
        present["province"] = province if kept else state.name
        return present

    def _get_province(self, name):
        """:return: the province of the company's country, also by its short name"""
        return self.env["res.country.state"].search(
            [
                ("country_id", "=", self.env.company.country_id.id),
                ("name", "=like", f"{name.replace('%', '')}%"),
            ],
            limit=1,
        )

    # === WRITE === #

    def _write_pickup_points(self, book):
        changes = book.changes[PICKUP_POINTS.name]
        routes = self._find_or_create_routes(
            {change.values["route"] for change in changes if change.values.get("route")}
        )
        new = [change for change in changes if not change.record]
        points = (
            self.env["groupbuy.pickup.point"]
            .with_context(lang=self._get_main_lang())
            .create(
                [
                    {
                        **self._prepare_pickup_point(book, change, routes),
                        "name": change.values["name"],
                        "company_id": self.env.company.id,
                    }
                    for change in new
                ]
            )
        )
        written = list(zip(points, new, strict=True))
        for change in changes:
            if change.record:
                change.record.write(self._prepare_pickup_point(book, change, routes))
                written.append((change.record, change))
        for point, change in written:
            self._write_address(point, change)
        for field in TRANSLATED:
            self._write_terms(
                field,
                [
                    (point, self._get_terms(point, field, change.values[field]))
                    for point, change in written
                    if field in change.values
                ],
            )

    def _find_or_create_routes(self, names):
        """:return: {name: route of this company}"""
        route_model = self.env["groupbuy.route"]
        known = route_model.search(
            [("name", "in", list(names)), ("company_id", "=", self.env.company.id)]
        )
        missing = sorted(names - set(known.mapped("name")))
        created = route_model.create(
            [{"name": name, "company_id": self.env.company.id} for name in missing]
        )
        return {route.name: route for route in known[::-1] + created}

    def _prepare_pickup_point(self, book, change, routes):
        values = change.values
        vals = {name: values[name] for name in OWN if name in values}
        if "route" in values:
            route = routes.get(values["route"])
            vals["route_id"] = route and route.id
        if "picture" in values:
            vals["image_1920"] = book.stored_pictures[values["picture"]]
        return vals

    def _write_address(self, point, change):
        values = change.values
        vals = {name: values[name] for name in ADDRESS if name in values}
        if vals:
            point.write(vals)
        partner = point.partner_id
        if "province" in values:
            partner.state_id = self._get_province(values["province"])
        elif not change.record and partner.country_id == self.env.company.country_id:
            partner.state_id = self.env.company.state_id
        # The address is called as its point, unless an operator renamed it.
        if (
            "name" in values
            and change.record
            and partner.name == point.with_context(lang=self._get_main_lang()).name
        ):
            partner.name = values["name"]
