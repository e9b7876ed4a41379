{
    "name": "Community Group Buying: Leaders",
    "summary": "Neighbours who run pickup points, their day and their commission",
    "version": "19.0.1.0.0",
    "category": "Website/Website",
    "author": "Community Group Buying",
    "license": "LGPL-3",
    "depends": ["community_groupbuy", "groupbuy_payment"],
    "data": [
        "security/groupbuy_leader_security.xml",
        "security/ir.model.access.csv",
        "views/groupbuy_leader_level_views.xml",
        "views/groupbuy_leader_views.xml",
        "views/groupbuy_pickup_point_views.xml",
        "views/groupbuy_leader_menus.xml",
        "views/leader_portal_templates.xml",
    ],
    "assets": {
        "web.assets_frontend": [
            "groupbuy_leader/static/src/scss/**/*",
            "groupbuy_leader/static/src/interactions/**/*",
        ],
        "web.assets_tests": ["groupbuy_leader/static/tests/tours/**/*"],
    },
    "external_dependencies": {"python": ["python-stdnum"]},
}
