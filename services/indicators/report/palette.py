"""The colours of the report, once, for the style sheet and the charts; a test computes their contrast.

No colour stands alone: what it tells is always told in words or by a shape as well.
"""

INK = "#1a1a1a"
PAPER = "#ffffff"
QUIET = "#555555"
FIGURE = "#0b5394"
SECOND = "#8a3b00"
TARGET = "#6b6b6b"
ESTIMATE = "#6a2c91"
SHADE = "#f0f0ec"
MET = "#1e6b2e"
NOT_MET = "#a32018"
LINE = "#d4d4d0"

TEXTS = {"ink": INK, "quiet": QUIET, "figure": FIGURE, "met": MET, "not-met": NOT_MET}
"""Colours that letters have; each is read on both grounds."""

SHAPES = {"figure": FIGURE, "second": SECOND, "target": TARGET, "estimate": ESTIMATE}
"""Colours of lines and marks that carry meaning."""

GROUNDS = {"paper": PAPER, "shade": SHADE}

ALL = {**TEXTS, **SHAPES, **GROUNDS, "line": LINE}
"""Every colour by its name in the style sheet; `line` only parts what stands apart already."""
