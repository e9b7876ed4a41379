from . import test_price
