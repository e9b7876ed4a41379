from . import test_wechat_vectors
from . import test_share_out
from . import test_ledger
from . import test_settlement
from . import test_money
