from . import test_backend
from . import test_backend_tour
from . import test_import
from . import test_join
from . import test_portal
from . import test_price
from . import test_storefront
from . import test_storefront_tour
