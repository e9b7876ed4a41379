from . import lead
from . import leader_portal
