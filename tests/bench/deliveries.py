"""Runs in Odoo's shell: orders on their way to many pickup points."""

from copies import Copier
from orders import ORIGINALS, join_really
from shop import configure, create_campaign, create_products, create_residents

from odoo import fields
from odoo.tools import SQL

ROUTES = 10


def prepare(env, points, orders):
    """Close a campaign, then copy its points and orders.

    :param points: pickup points, a multiple of `ORIGINALS`
    :param orders: orders in all, a multiple of the points
    :return: the transfers' ids
    """
    configure(env)
    products = create_products(env)
    for number, product in enumerate(products):
        product.name = f"章丘大葱 {number}"
        product.default_code = f"P{number:03}"
    resident = create_residents(env, 1)
    campaign = create_campaign(env, products, quota=0)
    originals = join_really(env, campaign, resident)
    close(env, campaign, originals)
    transfers = copy_points(env, campaign, originals, points // ORIGINALS - 1)
    copy_orders(env, campaign, orders // points - 1)
    spread_routes(env, transfers)
    env.cr.commit()
    env.cr.execute("ANALYZE")
    return transfers.ids


def close(env, campaign, orders):
    """Close a campaign as its jobs do, here and now."""
    env.cr.commit()
    campaign.date_close = fields.Datetime.now()
    campaign.state = "closing"
    env.cr.commit()
    campaign._fix_outcome()
    orders._groupbuy_close()
    campaign._finish_closing()
    env.cr.commit()


def get_pickings(env, campaign, kind):
    """:return: the transfers or hand-overs of a campaign"""
    return env["stock.picking"].search(
        [("groupbuy_campaign_id", "=", campaign.id), ("groupbuy_kind", "=", kind)]
    )


def copy_points(env, campaign, orders, count):
    """Copy the points with all that is on its way to them.

    :return: all transfers
    """
    transfers = get_pickings(env, campaign, "transfer")
    copy(
        env,
        {
            "res_partner": orders.pickup_point_id.partner_id.ids,
            "stock_location": orders.pickup_point_id.location_id.ids,
            "groupbuy_pickup_point": orders.pickup_point_id.ids,
            "sale_order": orders.ids,
            "sale_order_line": orders.order_line.ids,
            "stock_picking": (transfers | orders.picking_ids).ids,
            "stock_move": (transfers | orders.picking_ids).move_ids.ids,
            "stock_move_line": transfers.move_line_ids.ids,
        },
        count,
        "-p",
    )
    return get_pickings(env, campaign, "transfer")


def copy_orders(env, campaign, count):
    """Copy every order, to the same point and fed by the same transfer."""
    pickings = get_pickings(env, campaign, "handover")
    orders = env["sale.order"].search([("groupbuy_campaign_id", "=", campaign.id)])
    copy(
        env,
        {
            "sale_order": orders.ids,
            "sale_order_line": orders.order_line.ids,
            "stock_picking": pickings.ids,
            "stock_move": pickings.move_ids.ids,
        },
        count,
        "-o",
    )


def copy(env, rows, count, mark):
    """Copy these rows and the links between moves.

    :param mark: what tells the names of these copies from others
    """

    def named(column):
        return SQL("t.%s || %s || n", SQL.identifier(column), mark)

    env.flush_all()
    copier = Copier(env.cr, count)
    for table, ids in rows.items():
        copier.plan(table, ids)
    changes = {
        "groupbuy_pickup_point": {"code": named("code")},
        "sale_order": {
            "name": named("name"),
            "groupbuy_key": named("groupbuy_key"),
            "access_token": SQL("gen_random_uuid()"),
        },
        "stock_picking": {"name": named("name")},
    }
    for table in rows:
        copier.copy(table, **changes.get(table, {}))
    copier.finish()
    copier.copy_links("stock_move_move_rel", "move_dest_id", "stock_move")
    env.invalidate_all()


def spread_routes(env, transfers):
    """Give each point one of the routes."""
    points = transfers.pickup_point_id
    routes = env["groupbuy.route"].create(
        [{"name": f"路线 {number + 1}"} for number in range(ROUTES)]
    )
    for number, route in enumerate(routes):
        points[number::ROUTES].route_id = route
