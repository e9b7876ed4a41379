"""Odoo shell: the company, before anything that depends on its country is installed."""

company = env.company
cny = env.ref("base.CNY")
cny.active = True
company.write(
    {
        "name": "泉城邻里团购",
        "country_id": env.ref("base.cn").id,
        "state_id": env.ref("base.state_cn_SD").id,
        "currency_id": cny.id,
    }
)
# People and calendars created from now on live in the company's time zone.
env["ir.default"].set("res.partner", "tz", "Asia/Shanghai")
users = env["res.users"].with_context(active_test=False).search([])
users.partner_id.tz = "Asia/Shanghai"
if "resource.calendar" in env:
    env["resource.calendar"].search([]).tz = "Asia/Shanghai"
env.cr.commit()
