from . import groupbuy_leader
from . import groupbuy_leader_level
from . import groupbuy_pickup_point
from . import res_partner
from . import res_users
