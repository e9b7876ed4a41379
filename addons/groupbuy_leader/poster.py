"""Posters: a group buy on one picture, with the code that leads to it."""

import unicodedata
from functools import lru_cache
from io import BytesIO

# Odoo has Pillow load few formats; shops' pictures are WebP as well.
from PIL import Image, ImageDraw, ImageFont, ImageOps, WebPImagePlugin  # noqa: F401

from odoo.addons.community_groupbuy.qr_code import draw_png

# In pixels, as WeChat shows them: a story, an article's cover, a phone's screen.
SIZES = {"story": (1080, 1920), "card": (900, 500), "screen": (750, 1334)}
# Portraits are laid out at this width and drawn smaller where they are smaller.
PORTRAIT_WIDTH = 1080

# Fonts with Chinese letters, the best first. Some files hold a face per region.
FONTS = {
    "bold": ("NotoSansCJK-Bold.ttc", "NotoSansCJKsc-Bold.otf"),
    "regular": (
        "NotoSansCJK-Regular.ttc",
        "NotoSansCJKsc-Regular.otf",
        "wqy-microhei.ttc",
        "wqy-zenhei.ttc",
        "DroidSansFallbackFull.ttf",
        "PingFang.ttc",
        "msyh.ttc",
    ),
}
REGIONS = {"zh_TW": "TC", "zh_HK": "HK", "ja_JP": "JP", "ko_KR": "KR"}
MAX_FACES = 5

ACCENT = (200, 35, 51)
PAPER = (255, 248, 240)
WHITE = (255, 255, 255)
INK = (33, 37, 41)
MUTED = (108, 117, 125)
# JPEG blurs small letters less when colours are kept in full.
JPEG = {"format": "JPEG", "quality": 90, "subsampling": 0, "optimize": True}


class FontMissing(Exception):
    """No font on this machine has Chinese letters."""


def draw_poster(size, content, picture=None):
    """Draw a poster.

    :param str size: a key of `SIZES`
    :param dict content: texts, each may be empty: "title", "headline", "host",
        "invitation", "slogan", "notes": [lines]; "offers": [(name, price, price without
        the group)]; "url": of the code; "lang": code of the language
    :param bytes picture: any image that Pillow reads
    :return: the bytes of a JPEG image
    :raise FontMissing: its letters cannot be drawn here
    """
    width, height = SIZES[size]
    image = Image.new("RGB", (width, height), PAPER)
    if width > height:
        _draw_landscape(image, content, picture)
    else:
        _draw_portrait(image, content, picture)
    buffer = BytesIO()
    image.save(buffer, **JPEG)
    return buffer.getvalue()


# === LAYOUTS === #


def _draw_portrait(image, content, picture):
    """Picture, panel with name and prices, and the code at the foot."""
    pen = Pen(image, image.width / PORTRAIT_WIDTH, content["lang"])
    pen.picture(picture, (0, 0, 1080, 800))
    pen.panel((48, 690, 1032, 1448))
    left, right, top = 96, 984, 730
    pen.label(content["headline"], (left, top), 34)
    top = pen.paragraph(content["title"], (left, top + 62), 60, right - left, lines=2)
    top += 22
    for name, price, alone in content["offers"][: 3 if content["notes"] else 4]:
        edge = pen.price(price, alone, (right, top), 54)
        pen.paragraph(name, (left, top + 12), 38, edge - left - 30, lines=1)
        top += 92
    top = max(top + 16, 1448 - 44 - 54 * len(content["notes"]))
    for note in content["notes"]:
        pen.paragraph(note, (left, top), 34, right - left, 1, "regular", MUTED)
        top += 54
    code = 360
    pen.code(content["url"], (right + 48 - code, 1500), code)
    foot = right + 48 - code - left
    top = pen.paragraph(content["host"], (left, 1536), 48, foot, lines=2) + 20
    top = pen.paragraph(content["invitation"], (left, top), 38, foot, 2, "regular", INK)
    pen.paragraph(content["slogan"], (left, top + 16), 32, foot, 2, "regular", MUTED)


def _draw_landscape(image, content, picture):
    """Picture on the left, what it is and the code beside it."""
    pen = Pen(image, 1, content["lang"])
    pen.picture(picture, (0, 0, 380, 500))
    left, right = 412, 868
    pen.label(content["headline"], (left, 34), 20)
    top = pen.paragraph(content["title"], (left, 74), 36, right - left, lines=2) + 8
    for name, price, alone in content["offers"][:2]:
        edge = pen.price(price, alone, (right, top), 32)
        pen.paragraph(name, (left, top + 6), 24, edge - left - 16, lines=1)
        top += 50
    code = 184
    pen.code(content["url"], (right - code, 500 - 28 - code), code)
    foot = right - code - 20 - left
    top = pen.paragraph(content["host"], (left, 296), 26, foot, lines=1) + 6
    for note in content["notes"][:2]:
        top = pen.paragraph(note, (left, top), 19, foot, 2, "regular", MUTED) + 4
    pen.paragraph(content["invitation"], (left, 438), 22, foot, 1, "bold", ACCENT)


class Pen:
    """Draws on an image in the units of a layout."""

    def __init__(self, image, scale, lang):
        self.image = image
        self.draw = ImageDraw.Draw(image)
        self.scale = scale
        self.lang = lang

    def _px(self, *units):
        scaled = tuple(round(unit * self.scale) for unit in units)
        return scaled if len(scaled) > 1 else scaled[0]

    def _font(self, weight, size):
        return get_font(weight, self._px(size), self.lang)

    def picture(self, content, box):
        """Fill a box with a picture, cut to fit; with colour without any."""
        x1, y1, x2, y2 = self._px(*box)
        picture = _read_picture(content)
        if picture:
            fitted = ImageOps.fit(picture, (x2 - x1, y2 - y1), Image.Resampling.LANCZOS)
            self.image.paste(fitted, (x1, y1))
        else:
            self.draw.rectangle((x1, y1, x2, y2), fill=ACCENT)

    def panel(self, box):
        self.draw.rounded_rectangle(self._px(*box), self._px(40), fill=WHITE)

    def label(self, text, position, size):
        """Write a few words in white on colour."""
        font = self._font("bold", size)
        text = _clean(text)
        if not text:
            return
        x, y = self._px(*position)
        pad = self._px(size * 0.4)
        box = (x, y, x + font.getlength(text) + 2 * pad, y + self._px(size * 1.5))
        self.draw.rounded_rectangle(box, self._px(size * 0.3), fill=ACCENT)
        middle = (x + pad, (box[1] + box[3]) / 2)
        self.draw.text(middle, text, fill=WHITE, font=font, anchor="lm")

    def paragraph(self, text, position, size, width, lines, weight="bold", colour=INK):
        """Write a text in at most so many lines.

        :return: where the next text can begin, in units
        """
        font = self._font(weight, size)
        left, top = position
        for line in wrap(_clean(text), font, self._px(width), lines):
            self.draw.text(self._px(left, top), line, fill=colour, font=font)
            top += size * 1.35
        return top

    def price(self, text, alone, position, size):
        """Write a price, and before it, crossed out, that without the group; both end
        at the position.

        :return: where they begin, in units
        """
        right, top = position
        font = self._font("bold", size)
        end = self._px(right) - font.getlength(_clean(text))
        self.draw.text((end, self._px(top)), _clean(text), fill=ACCENT, font=font)
        if alone:
            font = self._font("regular", size * 0.55)
            width = font.getlength(_clean(alone))
            gap = self._px(size * 0.3)
            base = self._px(top + size * 0.45)
            start = end - gap - width
            self.draw.text((start, base), _clean(alone), fill=MUTED, font=font)
            middle = base + self._px(size * 0.55) * 0.75
            stroke = max(self._px(size * 0.05), 1)
            self.draw.line((start, middle, end - gap, middle), MUTED, stroke)
            end = start
        return end / self.scale

    def code(self, url, position, size):
        """Draw a QR code in whole pixels on a white square."""
        x, y = self._px(*position)
        side = self._px(size)
        squares = Image.open(BytesIO(draw_png(url, box_size=1))).width
        code = Image.open(BytesIO(draw_png(url, box_size=max(side // squares, 1))))
        self.draw.rounded_rectangle((x, y, x + side, y + side), side // 20, fill=WHITE)
        rest = (side - code.width) // 2
        self.image.paste(code.convert("RGB"), (x + rest, y + rest))


# === TEXT === #


def wrap(text, font, width, lines):
    """:return: the text in at most so many lines that fit, cut with "…" where it is
    longer; words stay whole, Chinese breaks between any two letters"""
    wrapped, line = [], ""
    pieces = list(_split(text))
    while pieces:
        piece = pieces.pop(0)
        if font.getlength(line + piece.rstrip()) <= width:
            line += piece
        elif not line.strip():
            # A word that is wider than the page.
            cut = max(len(_cut(piece, font, width)), 1)
            wrapped.append(piece[:cut])
            pieces.insert(0, piece[cut:])
        else:
            wrapped.append(line.rstrip())
            line = ""
            pieces.insert(0, piece.lstrip())
        if len(wrapped) == lines:
            if "".join(pieces).strip():
                wrapped[-1] = _cut(wrapped[-1] + "…", font, width, "…")
            return wrapped
    return [*wrapped, line.rstrip()] if line.strip() else wrapped


def _cut(text, font, width, ending=""):
    """:return: as much of the text as fits, with the ending"""
    text = text.removesuffix(ending) if ending else text
    while text and font.getlength(text + ending) > width:
        text = text[:-1]
    return text.rstrip() + ending if ending else text


def _split(text):
    """:return: the pieces between which a line may break"""
    word = ""
    for letter in text:
        wide = unicodedata.east_asian_width(letter) in "WF"
        # Chinese full stops and closing brackets stay with what they follow.
        if wide and unicodedata.category(letter) not in ("Po", "Pe", "Pf"):
            if word:
                yield word
            word = letter
        elif word and not wide and _is_wide(word[-1]):
            yield word
            word = letter
        else:
            word += letter
            if letter == " ":
                yield word
                word = ""
    if word:
        yield word


def _is_wide(letter):
    return unicodedata.east_asian_width(letter) in "WF"


def _clean(text):
    """:return: the text in one line, without what text fonts have no shapes for"""
    kept = (
        letter
        for letter in " ".join((text or "").split())
        if unicodedata.category(letter)
        not in ("So", "Sk", "Cs", "Co", "Cn", "Cf", "Cc")
        and not "\ufe00" <= letter <= "\ufe0f"
    )
    return " ".join("".join(kept).split())


# === FONTS AND PICTURES === #


@lru_cache(maxsize=64)
def get_font(weight, size, lang):
    """:param str weight: a key of `FONTS`
    :param int size: in pixels
    :raise FontMissing: there is none with Chinese letters
    """
    names = FONTS[weight]
    if weight != "regular":
        names += FONTS["regular"]
    for name in names:
        try:
            font = ImageFont.truetype(name, size)
        except OSError:
            continue
        return _get_face(font, size, REGIONS.get(lang, "SC"))
    raise FontMissing()


def _get_face(font, size, region):
    """:return: the face of a region where the file has one, else the font itself"""
    if not font.path.lower().endswith(".ttc"):
        return font
    for index in range(MAX_FACES):
        try:
            face = ImageFont.truetype(font.path, size, index=index)
        except OSError:
            break
        if face.getname()[0].endswith(f" {region}"):
            return face
    return font


def _read_picture(content):
    """:return: the picture upright and in plain colours; None if it cannot be read"""
    if not content:
        return None
    try:
        picture = ImageOps.exif_transpose(Image.open(BytesIO(content)))
        if picture.mode in ("RGBA", "LA", "P"):
            picture = picture.convert("RGBA")
            ground = Image.new("RGBA", picture.size, WHITE)
            picture = Image.alpha_composite(ground, picture)
        return picture.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
