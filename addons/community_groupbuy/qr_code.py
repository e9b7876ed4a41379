"""QR codes: what a phone's camera reads off a screen or a sheet of paper."""

from io import BytesIO

import qrcode
from qrcode.image.svg import SvgPathImage

# A scratch or a reflection does no harm, and the code stays coarse.
OPTIONS = {"error_correction": qrcode.constants.ERROR_CORRECT_M, "border": 2}


def draw_svg(text):
    """:return: the QR code of a text, as the bytes of an SVG image"""
    return _save(qrcode.make(text, image_factory=SvgPathImage, **OPTIONS))


def draw_png(text, box_size=10):
    """:param int box_size: pixels of each square
    :return: the QR code of a text, as the bytes of a PNG image
    """
    return _save(qrcode.make(text, box_size=box_size, **OPTIONS))


def _save(image):
    content = BytesIO()
    image.save(content)
    return content.getvalue()
