"""Runs in Odoo's shell: the shop pays at the simulators."""

from sim import keys


def connect(env, folder, wechat_url, alipay_url):
    """Give the payment providers the simulators' addresses and keys.

    :raise SystemExit: a provider works with real money
    """
    # With every company come copies of the providers; the shop sells for one.
    providers = env["payment.provider"].search(
        [
            ("code", "in", ("wechat_pay", "alipay")),
            ("company_id", "=", env.company.id),
        ]
    )
    by_code = providers.grouped("code")
    if len(by_code) < 2:
        raise SystemExit("The payment addon is not installed in this database.")
    if "enabled" in providers.mapped("state"):
        raise SystemExit("A provider is enabled: it works with real money.")
    shared = {"state": "test", "is_published": True}
    wechat = keys.load(folder, "wechat")
    by_code["wechat_pay"].write(
        {
            **shared,
            "groupbuy_base_url": wechat_url,
            "wechat_appid": wechat["appid"],
            "wechat_app_secret": wechat["app_secret"],
            "wechat_mchid": wechat["mchid"],
            "wechat_serial_no": wechat["serial_no"],
            "wechat_private_key": wechat["merchant_key"],
            "wechat_apiv3_key": wechat["apiv3_key"],
            "wechat_verify_mode": "public_key",
            "wechat_public_key_id": wechat["public_key_id"],
            "wechat_public_key": wechat["public_key"],
        }
    )
    alipay = keys.load(folder, "alipay")
    by_code["alipay"].write(
        {
            **shared,
            "groupbuy_base_url": alipay_url,
            "alipay_app_id": alipay["app_id"],
            "alipay_seller_id": alipay["seller_id"],
            "alipay_private_key": alipay["app_key"],
            # Transfers to people need certificates.
            "alipay_key_mode": "certificate",
            "alipay_app_certificate": alipay["app_certificate"],
            "alipay_certificate": alipay["alipay_certificate"],
            "alipay_root_certificate": alipay["root_certificates"],
        }
    )
    env.cr.commit()
    return {
        code: [provider.id, provider.payment_method_ids[:1].id]
        for code, provider in by_code.items()
    }
