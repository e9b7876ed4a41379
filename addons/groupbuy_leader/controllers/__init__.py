from . import leader_portal
