"""The benchmark table: lines as `.run/bench.json` has them, and notes beneath."""

import json
import re
import statistics

KEYS = ("row", "metric", "unit", "ours", "against", "ratio", "goal", "met")


class Report:
    """Collects what the rows measure."""

    def __init__(self):
        self.lines = []
        self.notes = []

    def add(self, row, metric, unit, ours, against=None, ratio=None, goal=None):
        """Add a line.

        :param ratio: how many times better than ``against`` we are
        :param goal: such as "≥ 8×" for the ratio, "≤ 200" for our own number
        """
        met = None
        if goal:
            sign, limit = re.match(r"([≥≤]) ([\d.,]+)", goal).groups()
            value = ratio if "×" in goal else ours
            limit = float(limit.replace(",", ""))
            met = value >= limit if sign == "≥" else value <= limit
        values = (row, metric, unit, rounded(ours), rounded(against), rounded(ratio))
        self.lines.append(dict(zip(KEYS, (*values, goal, met), strict=True)))

    def note(self, text):
        """Add a remark on how a number came about."""
        self.notes.append(text)

    def write(self, path):
        """Write the lines as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.lines, ensure_ascii=False, indent=1) + "\n")

    def __str__(self):
        words = {None: "", True: "yes", False: "no"}
        table = [KEYS]
        for line in self.lines:
            cells = [line[key] for key in KEYS[:-1]]
            cells = ["" if cell is None else str(cell) for cell in cells]
            table.append([*cells, words[line["met"]]])
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        rows = [
            "  ".join(
                cell.ljust(width) for cell, width in zip(row, widths, strict=True)
            )
            for row in table
        ]
        rows.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join([*(row.rstrip() for row in rows), "", *self.notes])


def rounded(number):
    """:return: the number with three digits that mean something"""
    if number is None:
        return None
    if abs(number) >= 100:
        return round(number)
    return float(f"{number:.3g}")


def median_ratio(ours, against):
    """:return: the median of the rounds' ratios, so that a busy minute counts little"""
    return statistics.median(a / b for a, b in zip(ours, against, strict=True))
