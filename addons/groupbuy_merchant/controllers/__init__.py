from . import merchant_portal, merchant_product, merchant_sell
