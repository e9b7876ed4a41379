from . import groupbuy_leader_level_override
from . import groupbuy_leader_reason
from . import groupbuy_pickup_point_transfer
from . import groupbuy_commission_simulation
