from . import (
    groupbuy_campaign_create,
    groupbuy_campaign_end,
    groupbuy_campaign_extend,
    groupbuy_import_wizard,
)
