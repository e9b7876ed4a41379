from . import lead
from . import leader_campaigns
from . import leader_page
from . import leader_portal
from . import leader_money
from . import leader_share
from . import referral
