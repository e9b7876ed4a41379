"""Pictures that come from outside: of any content, and of any size."""

from PIL import Image

from odoo.exceptions import UserError
from odoo.tools.image import image_process
from odoo.tools.mimetypes import guess_mimetype

TYPES = ("image/jpeg", "image/png", "image/gif")


def rewrite_picture(content, size, types=TYPES):
    """Write a picture anew as JPEG, so that nothing else hides in it.

    :param bytes content: what was sent
    :param tuple size: pixels that its width and height have at most afterwards
    :param tuple types: MIME types that are taken; WebP stays as it is
    :return: bytes
    :raise ValueError: it is no such picture, it is damaged, or too large to be opened
    """
    if guess_mimetype(content) not in types:
        raise ValueError("no picture")
    try:
        return image_process(
            content,
            size=size,
            verify_resolution=True,
            quality=85,
            output_format="JPEG",
        )
    except (OSError, SyntaxError, UserError, Image.DecompressionBombError) as error:
        raise ValueError("no picture") from error
