"""Invented pictures, drawn by rule with numpy and pillow: what stands in where a study's own are not at hand.

One module a subject; `paint` holds what they share.
"""

from artkeras.synthetic.abstracts import abstract, artworks
from artkeras.synthetic.colour_fields import CURATED_KINDS, KINDS, colour_field, kind_of
from artkeras.synthetic.facades import facades
from artkeras.synthetic.landscapes import monet, photo
from artkeras.synthetic.prints import japanese_print
from artkeras.synthetic.strokes import strokes

__all__ = [
    "CURATED_KINDS",
    "KINDS",
    "PAINTERS",
    "abstract",
    "artworks",
    "colour_field",
    "facades",
    "japanese_print",
    "kind_of",
    "monet",
    "photo",
    "strokes",
]

PAINTERS = {
    "abstract": abstract,
    "artworks": artworks,
    "colour_field": colour_field,
    "facades": facades,
    "japanese_art": japanese_print,
    "pictures": abstract,
    "monet": monet,
    "photo": photo,
}
"""Study -> `function(count, size, *, curated)` that draws its placeholders: (count, size, size, 3) uint8.

Those of a paired study are twice as wide, as its files are: (count, size, 2 size, 3).
"""
