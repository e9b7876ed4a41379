from . import handover, main, payment, portal, sheet
