"""The one table of the workbooks' sheets and columns.

Titles are what operators type in row 1, in the languages of the workbooks: they are
recognised whatever the user's language is, so they are data and not translated terms.
"""

from dataclasses import dataclass

from odoo.tools import LazyTranslate

_lt = LazyTranslate(__name__)

LANGS = ("zh_CN", "zh_TW", "en_US")

# What is written by default: far above any real neighbourhood, far below an overflow.
MAX_NUMBER = 10_000_000
MAX_PIECES = 1_000_000


# What an empty cell stands for; None where it leaves everything as it is.
EMPTY = {
    "text": "",
    "paragraphs": "",
    "codes": frozenset(),
    "integer": 0,
    "money": 0.0,
    "degrees": 0.0,
    "datetime": False,
}


@dataclass(frozen=True)
class Column:
    """One column: its titles in the order of `LANGS`, and what its cells may hold.

    `choices` are {value: titles in the order of `LANGS`}. An empty cell stands for
    `empty`, or for what its kind says; with `keeps` it leaves everything as it is.
    """

    name: str
    titles: tuple
    kind: str
    help: object
    required: bool = False
    minimum: float = 0
    maximum: float = MAX_NUMBER
    choices: dict = None
    empty: object = None
    keeps: bool = False
    example: object = None

    def get_empty(self):
        """:return: what an empty cell stands for; None: it changes nothing"""
        if self.keeps or self.empty is not None:
            return self.empty
        return EMPTY.get(self.kind)

    def get_title(self, lang):
        """:return: the title in that language, in English if there is none"""
        return self.titles[LANGS.index(lang) if lang in LANGS else -1]


@dataclass(frozen=True)
class Sheet:
    """One kind of sheet; `key` are the columns that name a row."""

    name: str
    titles: tuple
    help: object
    key: tuple
    columns: tuple

    def get_title(self, lang):
        """:return: the title in that language, in English if there is none"""
        return self.titles[LANGS.index(lang) if lang in LANGS else -1]


YES_NO = {True: ("是", "是", "Yes"), False: ("否", "否", "No")}

_code = _lt("A short key of your own. The next import finds the row by it.")
_picture = _lt(
    "The name of a picture in the folder pictures/ (PNG, JPEG or WebP). Empty: the "
    "present picture stays."
)
_when = _lt(
    "A date and time of the company's time zone: an Excel date, text such as "
    "2026-12-01 20:00, or relative to the day of the import, such as today+3 20:00. "
    "Relative times apply to new campaigns only."
)
_no_limit = _lt("Whole pieces; empty or 0: no limit.")

PRODUCTS = Sheet(
    "product",
    ("商品", "商品", "Products"),
    _lt("One row is a product."),
    ("code",),
    (
        Column(
            "code",
            ("编码", "編碼", "Code"),
            "code",
            _code,
            required=True,
            example="DEMO-001",
        ),
        Column(
            "name",
            ("名称", "名稱", "Name"),
            "text",
            _lt("The name, in simplified Chinese."),
            required=True,
            example="章丘大葱",
        ),
        Column(
            "name_tw",
            ("名称（繁体）", "名稱（繁體）", "Name (Traditional)"),
            "text",
            _lt("The name in traditional Chinese; empty: as Name."),
            example="章丘大蔥",
            keeps=True,
        ),
        Column(
            "name_en",
            ("名称（英文）", "名稱（英文）", "Name (English)"),
            "text",
            _lt("The name in English; empty: as Name."),
            example="Zhangqiu Leeks",
            keeps=True,
        ),
        Column(
            "specification",
            ("规格", "規格", "Specification"),
            "text",
            _lt("What one piece is. Every quantity counts pieces."),
            example="5 kg",
        ),
        Column(
            "category",
            ("分类", "分類", "Category"),
            "path",
            _lt("A path, levels separated by /. What is missing is created."),
            example="蔬菜 / 葱姜蒜",
            keeps=True,
        ),
        Column(
            "origin", ("产地", "產地", "Origin"), "text", _lt("Where it comes from.")
        ),
        Column(
            "price",
            ("售价", "售價", "Price"),
            "money",
            _lt("The shop price, tax included where the company's prices include it."),
            required=True,
            minimum=0.01,
            example=39.9,
        ),
        Column(
            "cost",
            ("成本", "成本", "Cost"),
            "money",
            _lt("The cost without tax. Empty: the present cost stays."),
            keeps=True,
        ),
        Column(
            "stock",
            ("库存", "庫存", "Stock"),
            "integer",
            _lt(
                "Pieces counted in the warehouse. Booked when it is imported first and "
                "whenever this cell differs from the import before: the same file "
                "again never undoes sales. Empty: the stock stays."
            ),
            maximum=MAX_PIECES,
            example=100,
            keeps=True,
        ),
        Column(
            "tax",
            ("税率", "稅率", "Tax (%)"),
            "percent",
            _lt("A percent number such as 9 or 13; 0: no tax."),
            maximum=100,
            example=9,
            keeps=True,
        ),
        Column(
            "description",
            ("描述", "描述", "Description"),
            "paragraphs",
            _lt("Shown on the product's page."),
        ),
        Column("picture", ("图片", "圖片", "Picture"), "picture", _picture),
    ),
)

PICKUP_POINTS = Sheet(
    "pickup_point",
    ("自提点", "自提點", "Pickup Points"),
    _lt("One row is a pickup point."),
    ("code",),
    (
        Column(
            "code",
            ("编码", "編碼", "Code"),
            "code",
            _code,
            required=True,
            example="P-001",
        ),
        Column(
            "name",
            ("名称", "名稱", "Name"),
            "text",
            _lt("The name that residents choose."),
            required=True,
            example="东门自提点",
        ),
        Column(
            "street",
            ("地址", "地址", "Address"),
            "text",
            _lt("Street, number and building."),
            required=True,
            example="花园路1号",
        ),
        Column("district", ("区", "區", "District"), "text", _lt("The district.")),
        Column("city", ("城市", "城市", "City"), "text", _lt("The city.")),
        Column(
            "province",
            ("省份", "省份", "Province"),
            "text",
            _lt("The province. For a new point, empty: the company's own."),
            keeps=True,
        ),
        Column("zip", ("邮编", "郵遞區號", "Postcode"), "text", _lt("The postcode.")),
        Column("phone", ("电话", "電話", "Phone"), "text", _lt("The telephone.")),
        Column(
            "opening_hours",
            ("营业时间", "營業時間", "Opening Hours"),
            "text",
            _lt("When goods can be collected, as residents read it."),
            example="09:00-20:00",
        ),
        Column(
            "latitude",
            ("纬度", "緯度", "Latitude"),
            "degrees",
            _lt("WGS84 degrees."),
            minimum=-90,
            maximum=90,
        ),
        Column(
            "longitude",
            ("经度", "經度", "Longitude"),
            "degrees",
            _lt("WGS84 degrees."),
            minimum=-180,
            maximum=180,
        ),
        Column(
            "capacity",
            ("容量", "容量", "Capacity"),
            "integer",
            _lt("Orders a day; empty or 0: no limit."),
            maximum=MAX_PIECES,
        ),
        Column(
            "route",
            ("路线", "路線", "Route"),
            "text",
            _lt("The delivery route that serves this point."),
        ),
        Column(
            "route_sequence",
            ("顺序", "順序", "Position"),
            "integer",
            _lt("The position on the route."),
            maximum=MAX_PIECES,
        ),
        Column("picture", ("图片", "圖片", "Picture"), "picture", _picture),
    ),
)

CAMPAIGNS = Sheet(
    "campaign",
    ("团购", "團購", "Campaigns"),
    _lt(
        "One row is a campaign. Drafts and campaigns that are not open yet can be "
        "changed by an import; open and closed ones never are."
    ),
    ("code",),
    (
        Column(
            "code",
            ("编码", "編碼", "Code"),
            "code",
            _code,
            required=True,
            example="T-001",
        ),
        Column(
            "name",
            ("名称", "名稱", "Name"),
            "text",
            _lt("The title that residents see."),
            required=True,
            example="冬储大葱",
        ),
        Column(
            "description",
            ("描述", "描述", "Description"),
            "paragraphs",
            _lt("Shown on the campaign's page."),
        ),
        Column("picture", ("图片", "圖片", "Picture"), "picture", _picture),
        Column(
            "date_open",
            ("开团时间", "開團時間", "Opens"),
            "datetime",
            _when,
            required=True,
            example="今天 08:00",
        ),
        Column(
            "date_close",
            ("截团时间", "截團時間", "Closes"),
            "datetime",
            _when,
            required=True,
            example="今天+3 20:00",
        ),
        Column(
            "goal_type",
            ("目标类型", "目標類型", "Goal"),
            "choice",
            _lt("What must be reached for the campaign to succeed; empty: no goal."),
            choices={
                "none": ("无", "無", "None"),
                "participants": ("人数", "人數", "Participants"),
                "quantity": ("件数", "件數", "Pieces"),
                "amount": ("金额", "金額", "Amount"),
            },
            empty="none",
        ),
        Column(
            "goal_value",
            ("目标值", "目標值", "Goal Value"),
            "money",
            _lt("How much of it; empty for no goal."),
        ),
        Column(
            "on_failure",
            ("未成团", "未成團", "If Missed"),
            "choice",
            _lt("Refund, or extend once and then refund."),
            choices={
                "refund": ("退款", "退款", "Refund"),
                "extend": ("延长", "延長", "Extend"),
            },
            empty="refund",
        ),
        Column(
            "extension_hours",
            ("延长小时", "延長小時", "Extension Hours"),
            "integer",
            _lt("By how many hours a missed campaign is extended."),
            maximum=720,
            keeps=True,
        ),
        Column(
            "pickup_date", ("自提日期", "自提日期", "Ready From"), "datetime", _when
        ),
        Column(
            "pickup_deadline",
            ("自提截止", "自提截止", "Collect Until"),
            "datetime",
            _when,
        ),
        Column(
            "points",
            ("自提点", "自提點", "Pickup Points"),
            "codes",
            _lt("Codes of pickup points, separated by commas; empty: every point."),
        ),
        Column(
            "close_when_full",
            ("满额自动截团", "滿額自動截團", "Close When Full"),
            "choice",
            _lt("Close as soon as every quota is bought."),
            choices=YES_NO,
            empty=False,
        ),
        Column(
            "weekly",
            ("每周重复", "每週重複", "Every Week"),
            "choice",
            _lt("Schedule the next one when this one closes."),
            choices=YES_NO,
            empty=False,
        ),
        Column(
            "status",
            ("状态", "狀態", "Status"),
            "choice",
            _lt(
                "Published: a new campaign or a draft is published by the import. "
                "Draft: a new campaign waits for you."
            ),
            choices={
                "draft": ("草稿", "草稿", "Draft"),
                "publish": ("发布", "發布", "Published"),
            },
        ),
    ),
)

_campaign_code = Column(
    "campaign",
    ("团购编码", "團購編碼", "Campaign Code"),
    "code",
    _lt("The code of a campaign in this file."),
    required=True,
    example="T-001",
)
_product_code = Column(
    "product",
    ("商品编码", "商品編碼", "Product Code"),
    "code",
    _lt("The code of a product, in this file or already in the shop."),
    required=True,
    example="DEMO-001",
)

OFFERS = Sheet(
    "offer",
    ("团购商品", "團購商品", "Offers"),
    _lt("One row is a product offered in a campaign."),
    ("campaign", "product"),
    (
        _campaign_code,
        _product_code,
        Column(
            "base_price",
            ("团购价", "團購價", "Price"),
            "money",
            _lt("The price from the first piece, not above the shop price."),
            required=True,
            minimum=0.01,
            example=36.8,
        ),
        Column(
            "quota",
            ("限量", "限量", "Quota"),
            "integer",
            _no_limit,
            maximum=MAX_PIECES,
        ),
        Column(
            "min_quantity",
            ("最低成团件数", "最低成團件數", "Minimum Pieces"),
            "integer",
            _lt("If fewer pieces are paid at closing, this product is refunded."),
            maximum=MAX_PIECES,
        ),
        Column(
            "pack_size",
            ("每份件数", "每份件數", "Pack Size"),
            "integer",
            _lt("Pieces are sold in multiples of this; empty: 1."),
            minimum=1,
            maximum=MAX_PIECES,
            empty=1,
        ),
        Column(
            "max_per_order",
            ("每单限购", "每單限購", "Limit per Order"),
            "integer",
            _no_limit,
            maximum=MAX_PIECES,
        ),
        Column(
            "max_per_resident",
            ("每人限购", "每人限購", "Limit per Resident"),
            "integer",
            _no_limit,
            maximum=MAX_PIECES,
        ),
    ),
)

TIERS = Sheet(
    "tier",
    ("阶梯价", "階梯價", "Price Tiers"),
    _lt(
        "One row is a price step of an offer. The steps of an offer are replaced by "
        "those in the file."
    ),
    ("campaign", "product", "min_quantity"),
    (
        _campaign_code,
        _product_code,
        Column(
            "min_quantity",
            ("满件数", "滿件數", "From Pieces"),
            "integer",
            _lt("Pieces bought by everyone together, from 2."),
            required=True,
            minimum=2,
            maximum=MAX_PIECES,
            example=20,
        ),
        Column(
            "price",
            ("价格", "價格", "Price"),
            "money",
            _lt("The price for everyone from there on; it falls with every step."),
            required=True,
            minimum=0.01,
            example=32.8,
        ),
    ),
)

SHEETS = (PRODUCTS, PICKUP_POINTS, CAMPAIGNS, OFFERS, TIERS)
# The template's own sheet of explanations, passed over by the import.
HELP_TITLES = ("说明", "說明", "Help")
