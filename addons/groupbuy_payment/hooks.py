from odoo.addons.payment import reset_payment_provider, setup_provider

PROVIDERS = ("wechat_pay", "alipay")


def post_init_hook(env):
    """Give every company the providers, and those that keep books their accounts."""
    for code in PROVIDERS:
        setup_provider(env, code)
    env["res.company"].search([])._groupbuy_ensure_books()


def uninstall_hook(env):
    """Leave the providers disabled, without what goes with this addon."""
    for code in (*PROVIDERS, "groupbuy_wallet"):
        reset_payment_provider(env, code)
