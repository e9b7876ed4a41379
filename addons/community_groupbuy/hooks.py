def post_init_hook(env):
    """Prepare the points that exist already and publish the way to collect."""
    env["groupbuy.pickup.point"].search([])._ensure_location()
