"""Invented pictures, drawn by rule with numpy and pillow: what stands in where a study's own are not at hand.

One module a subject; `paint` holds what they share.
"""

from artkeras.synthetic.abstracts import abstract, artworks
from artkeras.synthetic.colour_fields import CURATED_KINDS, KINDS, colour_field, kind_of
from artkeras.synthetic.prints import japanese_print
from artkeras.synthetic.strokes import strokes

__all__ = [
    "CURATED_KINDS",
    "KINDS",
    "STAND_INS",
    "abstract",
    "artworks",
    "colour_field",
    "japanese_print",
    "kind_of",
    "strokes",
]

STAND_INS = {"abstract": abstract, "artworks": artworks, "colour_field": colour_field, "japanese_art": japanese_print}
"""Study -> `function(count, size, *, curated)` that draws its stand-ins: (count, size, size, 3) uint8."""
