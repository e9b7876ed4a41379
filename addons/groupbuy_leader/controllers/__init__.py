from . import lead
from . import leader_portal
from . import leader_money
