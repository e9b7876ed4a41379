"""A phone's camera: reads the QR code that a page shows."""

import qrcode
from qrcode import base, util

# Both copies of the format are masked with this, so that none is all white.
FORMAT_MASK = 0b101010000010010


def read_pixels(rows):
    """Find the modules of a code in an undistorted picture.

    :param list rows: of text, "1" where it is dark
    :return: the code's modules, rows of booleans
    """
    dark = [row for row in rows if "1" in row]
    left = min(row.index("1") for row in dark)
    right = max(row.rindex("1") for row in dark)
    # The first row shows the upper side of two finder patterns, 7 modules each.
    first = dark[len(dark) // 200][left:]
    module = len(first[: first.index("0")]) / 7
    size = round((right - left + 1) / module)
    module = (right - left + 1) / size
    centers = [int((number + 0.5) * module) for number in range(size)]
    return [[dark[y][left + x] == "1" for x in centers] for y in centers]


def decode(modules):
    """:return: the text of a code; nothing may be damaged"""
    size = len(modules)
    version = (size - 17) // 4
    if size != 17 + 4 * version or not 1 <= version <= 40:
        raise ValueError(f"{size} modules are no QR code.")
    level, mask = _read_format(modules)
    data = _read_words(modules, _get_reserved(version), util.mask_func(mask))
    return _read_text(_join_blocks(data, version, level), version)


def _read_format(modules):
    # Down column 8, beside the upper left finder pattern.
    rows = (*range(6), 7, 8)
    bits = [modules[row][8] for row in rows]
    bits += [modules[8][column] for column in (7, 5, 4, 3, 2, 1, 0)]
    value = sum(bit << place for place, bit in enumerate(bits)) ^ FORMAT_MASK
    return value >> 13, value >> 10 & 0b111


def _get_reserved(version):
    """:return: modules, None where data lies"""
    code = qrcode.QRCode(version=version)
    size = code.modules_count = 17 + 4 * version
    code.modules = [[None] * size for _row in range(size)]
    for row, column in ((0, 0), (size - 7, 0), (0, size - 7)):
        code.setup_position_probe_pattern(row, column)
    code.setup_position_adjust_pattern()
    code.setup_timing_pattern()
    code.setup_type_info(True, 0)
    if version >= 7:
        code.setup_type_number(True)
    return code.modules


def _read_words(modules, reserved, is_masked):
    """Walk up and down in columns of two, from the lower right."""
    size, bits, upwards = len(modules), [], True
    for right in (column for column in range(size - 1, 0, -2)):
        right -= right <= 6  # the timing pattern's own column
        rows = range(size - 1, -1, -1) if upwards else range(size)
        for row in rows:
            for column in (right, right - 1):
                if reserved[row][column] is None:
                    bits.append(modules[row][column] ^ is_masked(row, column))
        upwards = not upwards
    return [
        sum(bit << 7 - place for place, bit in enumerate(bits[start : start + 8]))
        for start in range(0, len(bits) - 7, 8)
    ]


def _join_blocks(words, version, level):
    """Undo the interleaving; the words that correct errors are left out."""
    counts = [block.data_count for block in base.rs_blocks(version, level)]
    blocks = [[] for _count in counts]
    words = iter(words)
    for number in range(max(counts)):
        for block, count in zip(blocks, counts, strict=True):
            if number < count:
                block.append(next(words))
    return [word for block in blocks for word in block]


def _read_text(words, version):
    bits = "".join(f"{word:08b}" for word in words)
    if int(bits[:4], 2) != util.MODE_8BIT_BYTE:
        raise ValueError("Only text as bytes is read.")
    start = 4 + util.length_in_bits(util.MODE_8BIT_BYTE, version)
    count = int(bits[4:start], 2)
    text = bits[start : start + 8 * count]
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8)).decode()
