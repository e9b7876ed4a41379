from . import handover, main, payment, point, portal, sheet
