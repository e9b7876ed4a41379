from . import merchant_import, merchant_portal, merchant_product, merchant_sell
