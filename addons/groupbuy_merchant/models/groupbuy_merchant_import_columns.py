"""The columns of a merchant's workbook, as in `groupbuy_import_columns`."""

from odoo.tools import LazyTranslate

from odoo.addons.community_groupbuy.models.groupbuy_import_columns import (
    MAX_PIECES,
    Column,
    Sheet,
)

_lt = LazyTranslate(__name__)

MERCHANT_PRODUCTS = Sheet(
    "product",
    ("商品", "商品", "Products"),
    _lt(
        "One row is a product of your shop. New products become drafts: add a picture "
        "on the product's page and send it in. An empty cell changes nothing."
    ),
    ("code",),
    (
        Column(
            "code",
            ("编码", "編碼", "Code"),
            "code",
            _lt("A short key of your own. The next import finds the row by it."),
            required=True,
            example="ROSE-001",
        ),
        Column(
            "name",
            ("名称", "名稱", "Name"),
            "text",
            _lt("As residents read it, up to 100 characters."),
            required=True,
            example="平阴玫瑰酱",
        ),
        Column(
            "specification",
            ("规格", "規格", "Specification"),
            "text",
            _lt("What one piece is."),
            keeps=True,
            example="260克/瓶",
        ),
        Column(
            "origin",
            ("产地", "產地", "Origin"),
            "text",
            _lt("Where it is grown or made."),
            keeps=True,
            example="济南平阴",
        ),
        Column(
            "category",
            ("分类", "分類", "Category"),
            "path",
            _lt("A category of the shop, its levels separated by “/”."),
            keeps=True,
            example="济南特产 / 平阴玫瑰",
        ),
        Column(
            "price",
            ("售价", "售價", "Price"),
            "money",
            _lt("What residents pay for one piece."),
            keeps=True,
            minimum=0.01,
            maximum=1_000_000,
            example=29.8,
        ),
        Column(
            "cost",
            ("成本", "成本", "Cost"),
            "money",
            _lt("What one piece costs you. Residents do not see it."),
            keeps=True,
            maximum=1_000_000,
            example=19,
        ),
        Column(
            "stock",
            ("库存", "庫存", "Stock"),
            "integer",
            _lt(
                "Pieces of yours that are in the warehouse now. The same number again "
                "books nothing, so that an import never undoes sales."
            ),
            keeps=True,
            maximum=MAX_PIECES,
            example=100,
        ),
        Column(
            "description",
            ("描述", "描述", "Description"),
            "paragraphs",
            _lt("What residents should know, up to 5,000 characters."),
            keeps=True,
        ),
    ),
)
