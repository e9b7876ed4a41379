"""Odoo shell: people of the sample neighbourhood, what they buy together, and how the
campaigns whose code starts with DEMO- end. Nothing that is there already is done again.
"""

import base64
from datetime import timedelta

from odoo.fields import Command

from odoo.addons.queue_job.job import Job

LANG = "zh_CN"
env = env(context={**env.context, "lang": LANG})

# Login: name, group and number; the password is the login. All of it is invented.
PORTAL = "base.group_portal"
PEOPLE = {
    "operator": ("运营一", None),
    "resident1": ("居民一", PORTAL),
    "resident2": ("居民二", PORTAL),
    "resident3": ("居民三", PORTAL),
    "resident4": ("居民四", PORTAL),
    "resident5": ("居民五", PORTAL),
    "leader1": ("团长一", PORTAL),
    "leader2": ("团长二", PORTAL),
    "merchant1": ("商家一", PORTAL),
    "merchant2": ("商家二", PORTAL),
}
# Invented: a shop, its codes, and which goods of the sample are its own.
MERCHANTS = {
    "merchant1": (
        "平阴玫瑰合作社",
        "91370100MA3C00001H",
        "990000198001010039",
        "PYMG-%",
    ),
    "merchant2": ("莱芜黑猪农场", "91370102MA3C00002H", "990000198001010047", "LWHZ-%"),
}
PDF = base64.b64encode(b"%PDF-1.4\n% A sample: no licence at all.\n%%EOF").decode()
OPERATOR_GROUPS = (
    "base.group_user",
    "community_groupbuy.group_manager",
    "stock.group_stock_manager",
    "account.group_account_invoice",
    "website.group_website_designer",
)
# Who leads which point; the identity numbers are nobody's: no place starts with 99.
LEADERS = {
    "leader1": ("ZT-LX-01", "990000198001010063"),
    "leader2": ("ZT-ZQ-01", "990000198001010071"),
}
# What leaders may run as their own campaigns; the first leader runs the last of these.
FOR_LEADERS = ("TG-ROSE", "TG-LAIWU", "TG-CAILAN")
# Campaign: for each resident (by number) pieces by product, and where to collect them.
JOINS = {
    "TG-DACONG": [
        (1, "ZT-LX-01", {"ZQDC-001": 5, "LWSJ-001": 4, "JYTJ-001": 3}),
        (2, "ZT-LX-01", {"ZQDC-001": 6, "LWDS-001": 6}),
        (3, "ZT-ZQ-01", {"ZQDC-001": 5, "ZQDC-002": 4, "LWSJ-001": 6}),
        (4, "ZT-TQ-01", {"ZQDC-001": 2, "SCYC-001": 8}),
    ],
    "TG-ZAOCAN": [
        (1, "ZT-LX-01", {"QMXN-001": 4, "LMMT-001": 4}),
        (2, "ZT-LX-01", {"QMXN-001": 3, "JNXC-001": 2}),
        (5, "ZT-LC-01", {"QMXN-001": 4, "QMXN-003": 2, "XJDN-001": 6}),
    ],
    "TG-JIDAN": [
        (2, "ZT-LX-01", {"XJDN-001": 24}),
        (3, "ZT-ZQ-01", {"XJDN-001": 18, "XYDN-001": 4}),
    ],
    "TG-ROSE": [
        (1, "ZT-LX-01", {"PYMG-001": 6, "PYMG-002": 4}),
        (4, "ZT-TQ-01", {"PYMG-001": 5, "PYMG-003": 2, "PYMG-005": 6}),
        (5, "ZT-LC-01", {"PYMG-005": 5, "PYMG-004": 3}),
    ],
    "TG-LAIWU": [
        (3, "ZT-LW-01", {"LWHZ-001": 4, "LWHZ-003": 2}),
        (4, "ZT-TQ-01", {"LWHZ-001": 3, "LWHZ-004": 4}),
        (5, "ZT-LC-01", {"LWHZ-001": 4, "LWXC-001": 2}),
    ],
    "TG-CAILAN": [
        (1, "ZT-LX-01", {"QDHG-001": 6, "SCGG-001": 4, "SCYC-004": 5}),
        (2, "ZT-LX-01", {"QDHG-001": 5, "SCGJ-002": 4}),
        (4, "ZT-TQ-01", {"QDHG-001": 5, "SHDF-001": 6}),
    ],
    "DEMO-OK": [
        (1, "ZT-LX-01", {"JNXC-002": 4, "JNXC-005": 2}),
        (2, "ZT-LX-01", {"JNXC-002": 5, "JNXC-003": 3}),
        (3, "ZT-ZQ-01", {"JNXC-002": 4, "JNXC-005": 3, "JNXC-006": 8}),
        (4, "ZT-TQ-01", {"JNXC-003": 4, "JYTJ-003": 5}),
    ],
    "DEMO-OK2": [
        (1, "ZT-LX-01", {"PYPG-001": 2}),
        (3, "ZT-ZQ-01", {"PYPG-001": 3, "CQQY-001": 2}),
        (5, "ZT-LC-01", {"PYPG-001": 5, "CQQY-001": 4, "NSSZ-001": 3}),
    ],
    "DEMO-FAIL": [
        (1, "ZT-LX-01", {"ZQTG-001": 1}),
        (2, "ZT-LX-01", {"ZQTG-002": 1, "ZQTG-003": 2}),
    ],
    "DEMO-CANCEL": [
        (4, "ZT-TQ-01", {"ZPCZ-001": 4, "QJLD-001": 3}),
        (5, "ZT-LC-01", {"ZPJZ-001": 2, "QJXY-001": 2}),
    ],
}
# Of these the goods have left the warehouse, and come to their points.
SENT = ("DEMO-OK", "DEMO-OK2")
ARRIVED = ("DEMO-OK",)
CLOSED = ("DEMO-OK", "DEMO-OK2", "DEMO-FAIL")
CANCELLED = ("DEMO-CANCEL",)


def tell(step, count):
    env.cr.commit()
    print(f"{step}: {count}", flush=True)


def keep_messages_here():
    """Mail goes to a host that cannot exist, as neutralized; SMS to the log."""
    name = "Sample: nothing leaves this machine"
    servers = env["ir.mail_server"].with_context(active_test=False)
    if not servers.search_count([("name", "=", name)]):
        servers.create({"name": name, "smtp_host": "invalid", "smtp_port": 1025})
    if not env.company.groupbuy_sms_log:
        env.company.groupbuy_sms_log = True


def create_people():
    users = env["res.users"].with_context(no_reset_password=True, active_test=False)
    known = set(users.search([("login", "in", list(PEOPLE))]).mapped("login"))
    vals_list = [
        {
            "login": login,
            "password": login,
            "name": name,
            "email": f"{login}@example.com",
            "phone": f"+86 531 0000 {1000 + number}",
            "lang": LANG,
            "tz": "Asia/Shanghai",
            "group_ids": [
                Command.set(
                    [
                        env.ref(xmlid).id
                        for xmlid in ((group,) if group else OPERATOR_GROUPS)
                    ]
                )
            ],
        }
        for number, (login, (name, group)) in enumerate(PEOPLE.items())
        if login not in known
    ]
    return len(users.create(vals_list))


def create_leaders():
    """Those who apply on the website otherwise; nothing without the leaders' addon."""
    if "groupbuy.leader" not in env:
        return 0
    created = 0
    for login, (code, identity) in LEADERS.items():
        user = env["res.users"].search([("login", "=", login)])
        point = env["groupbuy.pickup.point"].search([("code", "=", code)])
        domain = [("partner_id", "=", user.partner_id.id)]
        if env["groupbuy.leader"].search_count(domain) or not point or point.leader_id:
            continue
        leader = env["groupbuy.leader"].create(
            {
                "name": user.name,
                "partner_id": user.partner_id.id,
                "user_id": user.id,
                "phone": user.phone,
                "identity_number": identity,
                "point_name": point.name,
                "street": point.street,
                "district": point.district,
                "city": point.city,
                "opening_hours": point.opening_hours,
                "latitude": point.latitude,
                "longitude": point.longitude,
            }
        )
        point.leader_id = leader
        leader.action_approve()
        created += 1
    return created


def create_merchants():
    """Those who apply on the website otherwise, with goods that nobody has bought yet;
    nothing without the merchants' addon."""
    if "groupbuy.merchant" not in env:
        return 0
    created = 0
    for login, (shop, code, identity, goods) in MERCHANTS.items():
        user = env["res.users"].search([("login", "=", login)])
        merchants = env["groupbuy.merchant"].with_user(user)
        if user._groupbuy_get_merchant():
            continue
        merchants.apply(
            {
                "kind": "company",
                "name": shop,
                "registered_name": f"{shop}（示例）",
                "credit_code": code,
                "representative": "示例法人",
                "identity_number": identity,
                "phone": user.phone,
                "email": user.email,
                "street": "示例路1号",
                "city": "济南市",
                "terms_version": env.company.groupbuy_merchant_terms_version,
                "documents": [{"kind": "licence", "name": "营业执照", "content": PDF}],
                "account": {
                    "holder": f"{shop}（示例）",
                    "number": "6222020000000000018",
                    "bank_name": "示例银行",
                },
            }
        )
        merchant = user._groupbuy_get_merchant()
        merchant.action_approve()
        products = env["product.template"].search([("default_code", "=like", goods)])
        sold = env["sale.order.line"].search(
            [("product_id.product_tmpl_id", "in", products.ids)]
        )
        products -= sold.product_id.product_tmpl_id
        products.groupbuy_merchant_id = merchant
        products._groupbuy_approve()
        # What the operators find in their queue: a change, and a new product.
        if products:
            merchants.save_product(
                {"name": f"{products[0].name}（新包装）"}, products[0].id
            )
        created += 1
    return created


def share():
    """Open campaigns for leaders; the first of these has a page, news and runs one."""
    if "groupbuy.leader" not in env:
        return 0
    campaigns = [get_campaign(code) for code in FOR_LEADERS]
    campaigns = [
        campaign
        for campaign in campaigns
        if campaign.state == "open" and not campaign.leader_open
    ]
    for campaign in campaigns:
        campaign.write({"leader_open": True, "leader_max_days": 5})
    user = env["res.users"].search([("login", "=", next(iter(LEADERS)))])
    leader = user.with_user(user)._groupbuy_get_leader()
    if not campaigns or not leader or leader.campaign_ids:
        return len(campaigns)
    leader._edit_page("阳光小院", "每天下午四点以后都在，拿菜顺便聊聊天。")
    leader._announce("本周六提前到货", "上午十点起就可以来取。")
    origin = campaigns[-1]
    leader._publish_campaign(
        origin,
        "小院菜篮子",
        "我家自己也吃这些菜，新鲜，放心。",
        None,
        min(origin.date_close, leader._get_earliest(origin) + timedelta(days=5)),
        leader._get_points_for(origin).ids,
        origin.offer_ids[:3].ids,
    )
    return len(campaigns)


def set_commission():
    """What leaders earn; nothing without their addon."""
    if "groupbuy.commission.rule" not in env:
        return 0
    company, rules = env.company, env["groupbuy.commission.rule"]
    if rules.search_count([]) or company.groupbuy_service_rate:
        return 0
    company.write({"groupbuy_service_rate": 6, "groupbuy_referral_rate": 2})
    egg = env["product.template"].search([("default_code", "=", "XJDN-001")], limit=1)
    vegetables = env["product.public.category"].search(
        [("parent_id", "=", False)], order="sequence, id", limit=1
    )
    vals_list = [
        {"name": f"{vegetables.name} 8%", "rate": 8, "category_id": vegetables.id},
    ]
    if egg:
        vals_list.insert(
            0,
            {
                "name": f"{egg.name}每件",
                "method": "fixed",
                "unit_amount": 0.1,
                "product_tmpl_id": egg.id,
            },
        )
    for sequence, vals in enumerate(vals_list):
        vals["sequence"] = sequence
    return len(rules.create(vals_list))


def offer_demo_payment():
    provider = env.ref("payment.payment_provider_demo")
    if provider.state != "test" or not provider.is_published:
        provider.write({"state": "test", "is_published": True})
    if not provider.journal_id:
        provider.journal_id = env["account.journal"].search(
            [("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1
        )
    if not provider.payment_method_ids.active:
        provider.payment_method_ids.active = True
    return provider


def create_programs():
    programs = [
        {
            "name": "新邻居九折",
            "program_type": "promo_code",
            # Given rules keep Odoo from setting these by the type.
            "trigger": "with_code",
            "applies_on": "current",
            "rule_ids": [Command.create({"mode": "with_code", "code": "HELLO10"})],
            "reward_ids": [
                Command.create(
                    {
                        "description": "全单九折",
                        "reward_type": "discount",
                        "discount": 10,
                        "discount_mode": "percent",
                        "discount_applicability": "order",
                    }
                )
            ],
        },
        {
            "name": "邻里积分",
            "program_type": "loyalty",
            "trigger": "auto",
            "applies_on": "both",
            "portal_visible": True,
            "portal_point_name": "积分",
            "rule_ids": [
                Command.create({"reward_point_mode": "money", "reward_point_amount": 1})
            ],
            "reward_ids": [
                Command.create(
                    {
                        "description": "500积分抵5元",
                        "reward_type": "discount",
                        "discount": 5,
                        "discount_mode": "per_order",
                        "discount_applicability": "order",
                        "required_points": 500,
                    }
                )
            ],
        },
    ]
    model = env["loyalty.program"].with_context(active_test=False)
    names = [program["name"] for program in programs]
    known = set(model.search([("name", "in", names)]).mapped("name"))
    return len(model.create([vals for vals in programs if vals["name"] not in known]))


def get_campaign(code):
    campaign = env["groupbuy.campaign"].search(
        [("code", "=", code), ("company_id", "=", env.company.id)]
    )
    if not campaign:
        raise SystemExit(f"There is no campaign {code}: load data/ first.")
    return campaign


def join_and_pay(campaign, number, point_code, pieces, provider):
    """One resident joins as on the website and pays with the demo provider."""
    key = f"sample-{campaign.code}-{number}"
    if env["sale.order"].search_count([("groupbuy_key", "=", key)]):
        return 0
    user = env["res.users"].search([("login", "=", f"resident{number}")])
    offers = {offer.product_id.default_code: offer.id for offer in campaign.offer_ids}
    point = env["groupbuy.pickup.point"].search([("code", "=", point_code)])
    answer = campaign.with_user(user).join(
        [
            {"offer_id": offers[code], "quantity": quantity}
            for code, quantity in pieces.items()
        ],
        point.id,
        key,
    )
    order = env["sale.order"].browse(answer["order_id"])
    transactions = env["payment.transaction"]
    tx = transactions.create(
        {
            "provider_id": provider.id,
            "payment_method_id": provider.payment_method_ids[:1].id,
            "reference": transactions._compute_reference("demo", prefix=order.name),
            "amount": order.amount_total,
            "currency_id": order.currency_id.id,
            "partner_id": order.partner_id.id,
            "operation": "online_direct",
            "sale_order_ids": [Command.set(order.ids)],
        }
    )
    tx._process("demo", {"reference": tx.reference, "simulated_state": "done"})
    tx._post_process()
    # The next join counts pieces in a transaction of its own, which sees only this.
    env.cr.commit()
    if order.state != "sent":
        raise SystemExit(
            f"{order.name} of {campaign.code} was paid but is {order.state}."
        )
    return 1


def work_off_jobs(limit=1000):
    """Do what the job runner does once the server runs."""
    domain = [("channel", "=like", "root.groupbuy%"), ("state", "=", "pending")]
    done = 0
    while pending := env["queue.job"].search(domain, order="eta, id", limit=1):
        if done == limit:
            raise SystemExit("The jobs of the sample come to no end.")
        job = Job.load(env, pending.uuid)
        job.set_started()
        job.perform()
        job.set_done()
        job.store()
        env.cr.commit()
        done += 1
    return done


def end_campaigns():
    ended = 0
    for code in (*CLOSED, *CANCELLED):
        campaign = get_campaign(code)
        if campaign.state == "open":
            campaign.action_close() if code in CLOSED else campaign.action_cancel()
            env.cr.commit()
            ended += 1
    work_off_jobs()
    states = {code: get_campaign(code).state for code in (*CLOSED, *CANCELLED)}
    if set(states.values()) - {"succeeded", "failed", "cancelled"}:
        raise SystemExit(f"The sample's campaigns did not end: {states}")
    return ended


def get_transfers(code, stage):
    return env["stock.picking"].search(
        [
            ("groupbuy_campaign_id", "=", get_campaign(code).id),
            ("groupbuy_kind", "=", "transfer"),
            ("groupbuy_stage", "=", stage),
        ],
        order="id",
    )


def send_goods():
    """Load the trucks; at one point something is damaged, and somebody collects."""
    sent = 0
    for code in SENT:
        transfers = get_transfers(code, "warehouse")
        transfers.action_assign()
        transfers.button_validate()
        sent += len(transfers)
    for code in ARRIVED:
        damaged, *others = get_transfers(code, "way") or [()]
        if not damaged:
            continue
        product = damaged.move_ids[:1].product_id
        damaged.groupbuy_record_arrival(
            [{"product_id": product.id, "damaged": 1, "note": "一件破损"}]
        )
        for transfer in others:
            transfer.groupbuy_record_arrival()
        waiting = get_campaign(code).order_ids.filtered(
            lambda order: order.groupbuy_status == "ready"
        )
        collected = waiting.sorted("id")[-1:]
        collected.pickup_point_id.hand_over(collected.ids)
        complain(collected)
    env.cr.commit()
    work_off_jobs()
    return sent


def complain(order):
    """A resident asks for money back for one piece of what was received."""
    user = order.partner_id.user_ids[:1]
    line = order.order_line.filtered("groupbuy_offer_id")[:1]
    reason = env["groupbuy.claim.reason"].search([("is_defect", "=", True)], limit=1)
    order.with_user(user).groupbuy_submit_claim(
        [
            {
                "line_id": line.id,
                "quantity": 1,
                "reason_id": reason.id,
                "wish": "refund",
                "note": "打开时已经受潮。",
            }
        ]
    )


keep_messages_here()
tell("Accounts (password = login)", create_people())
tell("Leaders of pickup points", create_leaders())
tell("Merchants, with goods of their own", create_merchants())
tell("Rules of leaders' commission", set_commission())
tell("Campaigns open for leaders", share())
provider = offer_demo_payment()
tell("Coupon code HELLO10 and points: programs", create_programs())
for code, joins in JOINS.items():
    campaign = get_campaign(code)
    tell(
        f"{campaign.name}: paid joins",
        sum(join_and_pay(campaign, *join, provider) for join in joins),
    )
tell("Campaigns closed or cancelled", end_campaigns())
tell("Transfers that have left the warehouse", send_goods())
env["payment.transaction"]._groupbuy_book_pending()
env.cr.commit()
