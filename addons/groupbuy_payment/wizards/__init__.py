from . import groupbuy_settlement_run
