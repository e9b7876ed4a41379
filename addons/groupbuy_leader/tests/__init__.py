from . import test_application
from . import test_decision
from . import test_lead_tour
from . import test_level
from . import test_point_transfer
from . import test_commission
from . import test_commission_table
