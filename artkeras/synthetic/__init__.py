"""Invented pictures, drawn by rule with numpy and pillow: what stands in where a study's own are not at hand.

One module a subject; `paint` holds what they share.
"""

from artkeras.synthetic.colour_fields import CURATED_KINDS, KINDS, colour_field, kind_of
from artkeras.synthetic.strokes import strokes

__all__ = ["CURATED_KINDS", "KINDS", "STAND_INS", "colour_field", "kind_of", "strokes"]

STAND_INS = {"colour_field": colour_field}
"""Study -> `function(count, size, *, curated)` that draws its stand-ins: (count, size, size, 3) uint8."""
