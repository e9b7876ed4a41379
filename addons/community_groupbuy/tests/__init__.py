from . import test_join
from . import test_price
