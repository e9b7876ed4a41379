{
    "name": "Community Group Buying: Money",
    "summary": "WeChat Pay and Alipay, reconciliation, share ledger, payouts",
    "version": "19.0.1.0.0",
    "category": "Website/Website",
    "author": "Community Group Buying",
    "license": "LGPL-3",
    "depends": ["community_groupbuy"],
    "data": [
        "security/ir.model.access.csv",
        "views/groupbuy_menus.xml",
    ],
    "external_dependencies": {"python": ["cryptography", "requests"]},
}
