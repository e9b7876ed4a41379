from . import groupbuy_leader_report
