from . import statement
from . import qr
from . import wechat
from . import alipay
