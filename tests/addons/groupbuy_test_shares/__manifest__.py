{
    "name": "Community Group Buying: Shares for Tests",
    "summary": "Merchants and a leader, as the addons above will know them",
    "version": "19.0.1.0.0",
    "author": "Community Group Buying",
    "license": "LGPL-3",
    "depends": ["groupbuy_payment"],
}
