from . import (
    groupbuy_arrival,
    groupbuy_campaign_create,
    groupbuy_campaign_end,
    groupbuy_campaign_extend,
    groupbuy_campaign_pickup,
    groupbuy_import_wizard,
    groupbuy_sheet_print,
    stock_backorder_confirmation,
)
