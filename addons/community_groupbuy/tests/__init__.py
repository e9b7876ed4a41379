from . import test_backend
from . import test_join
from . import test_price
