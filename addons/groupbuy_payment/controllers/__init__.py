from . import statement
from . import qr
from . import wechat
from . import alipay
from . import money
from . import payout_file
from . import wallet
