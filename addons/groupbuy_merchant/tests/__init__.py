from . import (
    test_access,
    test_apply,
    test_doors,
    test_fee,
    test_import,
    test_pages,
    test_product,
    test_review,
    test_split,
)
