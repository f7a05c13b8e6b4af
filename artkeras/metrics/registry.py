"""What each score is called, means and belongs to. One entry a metric; everything that shows scores reads it.

The page, the cards, notebook 20 and the table in docs/numbers.md are made from `METRICS`, curves and comparisons from
`CHARTS`. A new metric is a function, its record in a task's evaluation, and an entry here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One score.

    Attributes:
        key: its name in records, under "measure".
        title: a few words.
        meaning: one sentence or two, for somebody who has never heard of it.
        good: which direction is good.
        question: the group of scores it belongs to, a key of `QUESTIONS`.
        style: a format of the number.
    """

    key: str
    title: str
    meaning: str
    good: str
    question: str
    style: str = ".3f"


QUESTIONS = {
    "composition": "Are forms and layout like those of paintings?",
    "texture": "Is the surface like that of paintings?",
    "coverage": "How many of the different paintings does it reach?",
    "memorization": "Does it copy its training paintings?",
    "artifacts": "Did the network leave traces on the images?",
    "reconstruction": "How well do paintings come back?",
    "translation": "How good are the translations?",
}
"""Group of scores -> the question it answers, in the order in which they are shown."""


@dataclass(frozen=True)
class Chart:
    """What is measured every few epochs of a training and drawn together.

    Attributes:
        key: its name.
        title: of its chart on a page.
        label: of its axis in a figure.
        heading: of its column in a comparison.
        meaning: a sentence or two.
        lines: column of history.csv -> what its line is called.
        log: whether its axis is logarithmic.
    """

    key: str
    title: str
    label: str
    heading: str
    meaning: str
    lines: dict[str, str]
    log: bool = False


CHARTS = (
    Chart(
        "composition",
        "Composition and palette",
        "composition",
        "composition and palette, held-out paintings",
        "How far the samples are from held-out paintings in forms and layout (KID of small versions) and in palette, "
        "measured during training. Lower is better. The checkpoint with the smallest sum is kept as the best.",
        {
            "composition": "composition",
            "palette": "palette",
            "composition_ema": "composition, averaged weights",
            "palette_ema": "palette, averaged weights",
        },
    ),
    Chart(
        "kid",
        "KID",
        "KID",
        "KID from held-out paintings",
        "How far the samples are from held-out paintings at full size, measured during training. Lower is better; at "
        "about 0 they cannot be told apart. Few images are used, so it is rough, and not to be compared with the score "
        "of a finished network.",
        {"kid": "KID"},
    ),
    Chart(
        "diversity",
        "Diversity",
        "diversity",
        "distance of samples, of paintings 1",
        "How far samples lie from each other, where 1 is how far held-out paintings do. Near 0 all are one image.",
        {"diversity": "samples"},
    ),
    Chart(
        "flow_loss",
        "Error of the velocity",
        "velocity error",
        "loss, unseen and training paintings",
        "The loss at fixed noise and times, by the averaged weights. Lower is better; where that of unseen paintings "
        "rises while the other one falls, the network memorizes its paintings.",
        {"validation_loss": "unseen paintings", "training_loss": "training paintings"},
    ),
    Chart(
        "error",
        "Error of reconstructions",
        "error",
        "error, unseen and seen pictures",
        "How far reconstructions are from their images, as a share of the way from black to white. Lower is better; a "
        "validation error that rises while the training error falls means overfitting.",
        {"validation_error": "unseen pictures", "training_error": "training pictures", "cycle_error": "cycle"},
    ),
)
"""In the order in which they are drawn."""


def _metrics(*entries: Metric) -> dict[str, Metric]:
    return {entry.key: entry for entry in entries}


_HELD_OUT = "The same against the paintings alone that were held out of the training."
_LOWER = "Lower is better."

METRICS = _metrics(
    Metric(
        "composition",
        "composition",
        "KID of images shrunk to 24 pixels: how far forms, layout and large colours are from those of the paintings.",
        "Lower is better; at about 0 they cannot be told apart.",
        "composition",
    ),
    Metric("composition_held_out", "composition, held-out paintings", _HELD_OUT, _LOWER, "composition"),
    Metric(
        "texture",
        "texture",
        "KID of images at full size. It sees fine patterns above all: an invisible pattern costs more than a blur.",
        "Lower is better; at about 0 they cannot be told apart.",
        "texture",
    ),
    Metric("texture_held_out", "texture, held-out paintings", _HELD_OUT, _LOWER, "texture"),
    Metric(
        "kid",
        "KID, unscaled features",
        "How far the images as a whole are from the real ones, by features that are not scaled: the kit's first score.",
        "Lower is better; at about 0 they cannot be told apart.",
        "texture",
    ),
    Metric(
        "frechet",
        "Fréchet distance",
        "An older distance of two sets. Fewer images make it larger, so compare equal numbers of them only.",
        "Lower is better; even real paintings do not reach 0.",
        "texture",
        ".1f",
    ),
    Metric(
        "palette",
        "palette distance",
        "How far the samples' colours are from the paintings', image by image: 1 is the average palette every time.",
        "Lower is better; 0 is the same palettes in the same numbers.",
        "coverage",
        ".2f",
    ),
    Metric("palette_held_out", "palette distance, held-out paintings", _HELD_OUT, _LOWER, "coverage", ".2f"),
    Metric(
        "precision",
        "precision",
        "Share of the samples whose composition is like that of some painting.",
        "Higher is better.",
        "composition",
        ".1%",
    ),
    Metric(
        "recall",
        "recall",
        "Share of the paintings whose composition is like that of some sample.",
        "Higher is better; near 0 the samples keep to a corner of what the paintings are.",
        "coverage",
        ".1%",
    ),
    Metric(
        "diversity",
        "diversity",
        "How different two samples are from each other, where 1 is how different two paintings are.",
        "Near 1 is good; far below it, the samples are all alike.",
        "coverage",
        ".2f",
    ),
    Metric(
        "near_duplicates",
        "near-duplicates",
        "Share of the samples that are nearly the same image as another sample.",
        "Lower is better; about 1 % of paintings would count.",
        "coverage",
        ".1%",
    ),
    Metric(
        "memorization_p50",
        "memorization",
        "Share of the samples that lie nearer to a training painting, turned or mirrored, than half of the paintings "
        "never shown do.",
        "About 50 % is right for new images; near 100 % they are copies or all average, far below 50 % they are like "
        "no painting.",
        "memorization",
        ".1%",
    ),
    Metric(
        "memorization_p5",
        "close memorization",
        "The same against the nearest twentieth of the paintings never shown.",
        "About 5 % is right for new images; much more means copies.",
        "memorization",
        ".1%",
    ),
    Metric(
        "checkerboard",
        "checkerboard artifacts",
        "How strong a regular pattern lies over the samples, left by the way the network enlarges images.",
        "0 is none, and lower is better.",
        "artifacts",
        ".2f",
    ),
    Metric(
        "checkerboard_of_paintings",
        "checkerboard of the paintings",
        "The same measured on the paintings, to compare with.",
        "Neither good nor bad: near 0.",
        "artifacts",
        ".2f",
    ),
    Metric(
        "blur",
        "blur",
        "Share of the paintings' high frequencies that the samples lack.",
        "Lower is better; at 0 none is missing.",
        "artifacts",
        ".1%",
    ),
    Metric(
        "spectrum",
        "power-spectrum distance, in decibels",
        "How much the amounts of coarse and of fine detail differ from those in the paintings.",
        "Lower is better; 3 means about double or half of what it should be.",
        "artifacts",
        ".1f",
    ),
    Metric(
        "pixel_diversity",
        "diversity of colours and light",
        "How different two samples are, pixel by pixel, where 1 is how different two paintings are.",
        "Near 1 is good; near 0, all samples are the same image.",
        "coverage",
        ".2f",
    ),
    Metric(
        "reconstruction_error",
        "error on unseen paintings",
        "How far paintings the network never saw come back from what they were: 0 is exactly, 100 % black for white.",
        "Lower is better; it should beat an average painting by far.",
        "reconstruction",
        ".1%",
    ),
    Metric(
        "training_reconstruction_error",
        "error on training paintings",
        "The same of the paintings it was trained on.",
        "Lower is better; much below the error on unseen ones means overfitting.",
        "reconstruction",
        ".1%",
    ),
    Metric(
        "error_of_average_painting",
        "error of an average painting",
        "The same if each unseen painting were answered by the average of all training paintings.",
        "Neither good nor bad: what a good network must beat.",
        "reconstruction",
        ".1%",
    ),
    Metric(
        "blur_of_reconstructions",
        "blur of reconstructions",
        "Share of their high frequencies that unseen paintings lose on the way through the network.",
        "Lower is better; at 0 none is lost.",
        "reconstruction",
        ".1%",
    ),
    Metric(
        "kid_of_reconstructions",
        "KID of reconstructions",
        "How far paintings are from paintings after their way through the network, at full size.",
        "Lower is better; samples can hardly be nearer than that.",
        "reconstruction",
    ),
    Metric(
        "kid_halfway",
        "KID half way",
        "The same of what lies half way between the latents of two paintings.",
        "Lower is better; as near as the reconstructions, there are no holes between paintings.",
        "reconstruction",
    ),
    Metric(
        "largest_step",
        "largest step between two paintings",
        "On the way from one painting to another in even steps, how much more than the mean step the largest changes.",
        "Near 1 is good: an even way; far above it, the image jumps.",
        "reconstruction",
        ".2f",
    ),
    Metric(
        "l1",
        "difference from the truth (L1)",
        "How far translations are from the images that were there, a pixel on average: 100 % is black for white.",
        "Lower is better; it should be below that of the average image.",
        "translation",
        ".1%",
    ),
    Metric(
        "l1_of_average",
        "the average image's difference",
        "The same if every translation were the mean of the training images.",
        "Neither good nor bad: what a translator has to beat.",
        "translation",
        ".1%",
    ),
    Metric(
        "ssim",
        "structural similarity (SSIM)",
        "How far edges and contrasts are where they are in the images that were there.",
        "Higher is better; 1 is the same image.",
        "translation",
    ),
    Metric(
        "ssim_of_average",
        "the average image's similarity",
        "The same if every translation were the mean of the training images.",
        "Neither good nor bad: what a translator has to beat.",
        "translation",
    ),
    Metric(
        "kid_untranslated",
        "KID before translating",
        "How far the images were from the other domain to begin with.",
        "Neither good nor bad: what KID should be well below.",
        "translation",
    ),
    Metric(
        "kid_reverse",
        "KID the other way",
        "How far images translated the other way are from the domain they were meant for.",
        "Lower is better; at about 0 they cannot be told apart.",
        "translation",
    ),
    Metric(
        "cycle_error",
        "cycle error",
        "How far images are from what they were, a pixel on average, after going there and back.",
        "Lower is better; at 0 % nothing was lost on the way.",
        "translation",
        ".1%",
    ),
    Metric(
        "cycle_error_reverse",
        "cycle error from the other side",
        "The same of images of the other domain.",
        "Lower is better; at 0 % nothing was lost on the way.",
        "translation",
        ".1%",
    ),
    Metric(
        "saturation",
        "saturation of translations",
        "How vivid the translated images are: 0 is grey, 1 as pure a colour as a screen has.",
        "Neither good nor bad: below that before, translating has made them less vivid.",
        "translation",
    ),
    Metric(
        "saturation_before",
        "saturation before translating",
        "The same of the images that were translated.",
        "Neither good nor bad: to compare with.",
        "translation",
    ),
    Metric(
        "saturation_of_target",
        "saturation of the other domain",
        "The same of real images of the domain that they were translated to.",
        "Neither good nor bad: about where translations should be.",
        "translation",
    ),
)
"""Key -> entry. Records may hold other keys (a study's own); those are shown by their protocol."""

NETWORKS = {"lite0": "EfficientNet-Lite0", "squeezenet": "SqueezeNet", "inception": "Inception"}
"""Feature extractors, as records name them -> what they are called."""


def question(key: str) -> str:
    """The group that a score belongs to; "" for one that is not here."""
    return METRICS[key].question if key in METRICS else ""


def title(key: str, network: str = "pixels") -> str:
    """What a score is called, with the extractor that it is measured by."""
    name = METRICS[key].title if key in METRICS else key
    return name if network == "pixels" else f"{name}, {NETWORKS.get(network, network)}"


def shown(key: str, value: float) -> str:
    """A score's number as people read it: in its own style, that of an unknown key with three decimals."""
    return written(value, METRICS[key].style if key in METRICS else ".3f")


def written(value: float, style: str) -> str:
    """A number by a format, with a space before the per cent sign and a true minus."""
    return f"{value:{style}}".replace("%", " %").replace("-", "−")


def table() -> str:
    """The metrics as a Markdown table, grouped by question: that of docs/numbers.md."""
    rows = ["| question | score | key | what it says | good |", "|---|---|---|---|---|"]
    for question, asked in QUESTIONS.items():
        rows += [
            f"| {asked} | {metric.title} | `{metric.key}` | {metric.meaning} | {metric.good} |"
            for metric in METRICS.values()
            if metric.question == question
        ]
    return "\n".join(rows) + "\n"
