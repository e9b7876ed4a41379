def post_init_hook(env):
    """Give companies that keep books the accounts and journals of this addon."""
    env["res.company"].search([])._groupbuy_ensure_books()
