from . import groupbuy_settlement_run
from . import groupbuy_payout_answer
from . import groupbuy_payout_reason
from . import groupbuy_payout_request
