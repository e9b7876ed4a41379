"""Runs in Odoo's shell: orders that wait at a pickup point, and what they become."""

import time

import orders


def prepare(env, counts):
    """Bring a batch of orders for each of `counts` to a pickup point of its own.

    :return: [{"point": its id, "orders": the orders' ids}]
    """
    ids = orders.prepare(env, counts, group=True)
    return [bring(env, campaign) for campaign in env["groupbuy.campaign"].browse(ids)]


def bring(env, campaign):
    """Close a campaign and bring all of its goods to one point."""
    point = campaign.pickup_point_ids[:1]
    campaign.order_ids.pickup_point_id = point
    env.cr.commit()  # the closing counts with a cursor of its own
    campaign.with_context(queue_job__no_delay=True).action_close()
    env.cr.commit()
    transfers = env["stock.picking"].search(
        [("groupbuy_campaign_id", "=", campaign.id), ("groupbuy_kind", "=", "transfer")]
    )
    for move in transfers.move_ids:
        env["stock.quant"]._update_available_quantity(
            move.product_id, move.location_id, move.product_qty
        )
    transfers.action_assign()
    transfers.move_ids.picked = True
    transfers._action_done()
    transfers.groupbuy_record_arrival()
    env.cr.commit()
    return {"point": point.id, "orders": campaign.order_ids.ids}


def check(env):
    """:return: in words, what is wrong with the orders handed over, or nothing"""
    env.cr.execute(
        """
        SELECT COUNT(*) FROM sale_order AS o
          JOIN groupbuy_handover AS h ON h.order_id = o.id
         WHERE o.groupbuy_status <> 'received' OR o.groupbuy_received_at IS NULL
            OR EXISTS (SELECT FROM sale_order_line AS l WHERE l.order_id = o.id
                          AND l.groupbuy_offer_id IS NOT NULL
                          AND l.qty_delivered <> l.product_uom_qty)
            OR EXISTS (SELECT FROM stock_picking AS p WHERE p.sale_id = o.id
                          AND p.state <> 'done')
        """
    )
    (wrong,) = env.cr.fetchone()
    return f"{wrong} orders were not received" if wrong else ""


def write_rows(env, batch):
    """Write what a hand-over writes, by bare SQL, a statement per order and table.

    :return: seconds
    """
    env.cr.execute(
        "SELECT p.id, p.sale_id FROM stock_picking AS p WHERE p.sale_id IN %s"
        " AND p.groupbuy_kind = 'handover'",
        [tuple(batch["orders"])],
    )
    rows = env.cr.fetchall()
    start = time.monotonic()
    for picking, order in rows:
        for statement, key in (
            ("SELECT id FROM sale_order WHERE id = %s FOR NO KEY UPDATE", order),
            (
                "UPDATE stock_quant AS q SET quantity = q.quantity - l.quantity,"
                " reserved_quantity = q.reserved_quantity - l.quantity"
                " FROM stock_move_line AS l WHERE l.picking_id = %s"
                " AND q.product_id = l.product_id AND q.location_id = l.location_id",
                picking,
            ),
            (
                "UPDATE stock_quant AS q SET quantity = q.quantity + l.quantity"
                " FROM stock_move_line AS l WHERE l.picking_id = %s AND q.product_id ="
                " l.product_id AND q.location_id = l.location_dest_id",
                picking,
            ),
            (
                "UPDATE stock_move_line SET state = 'done', picked = TRUE,"
                " date = now() WHERE picking_id = %s",
                picking,
            ),
            (
                "UPDATE stock_move SET state = 'done', picked = TRUE, date = now()"
                " WHERE picking_id = %s",
                picking,
            ),
            (
                "UPDATE stock_picking SET state = 'done', date_done = now()"
                " WHERE id = %s",
                picking,
            ),
            (
                "UPDATE sale_order_line SET qty_delivered = product_uom_qty"
                " WHERE order_id = %s",
                order,
            ),
            (
                "UPDATE sale_order SET groupbuy_received_at = now(),"
                " groupbuy_status = 'received', delivery_status = 'full'"
                " WHERE id = %s",
                order,
            ),
            (
                "INSERT INTO groupbuy_handover (order_id, point_id, user_id, date,"
                " method) SELECT id, pickup_point_id, 1, now(), 'list'"
                " FROM sale_order WHERE id = %s",
                order,
            ),
        ):
            env.cr.execute(statement, [key])
    env.cr.commit()
    return time.monotonic() - start
