from . import claim, handover, main, payment, point, portal, sheet
