from . import groupbuy_vault
from . import groupbuy_sealed_mixin
