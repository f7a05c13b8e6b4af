"""Types of command-line arguments, and a parser that answers a slip in one line."""

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """For `python -m PROGRAM`; sub-commands get the same class. Exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, in one line that begins with the program's name."""
        if re.search(r"unrecognized arguments: [\d. ]+$", message):
            message += " (several numbers for one option? join them by commas, such as 1,2,3,4)"
        self.exit(2, f"{self.prog.split()[2]}: {' '.join(message.split())} (see: {self.prog} --help)\n")


def whole(at_least: int, at_most: int | None = None) -> Callable[[str], int]:
    """A type of argument: a whole number, within what makes sense."""
    wanted = f"of at least {at_least}" if at_most is None else f"from {at_least} to {at_most:,}"

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = at_least - 1
        if value < at_least or (at_most is not None and value > at_most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {wanted}")
        return value

    return parse


def number(suits: Callable[[float], bool], what: str) -> Callable[[str], float]:
    """A type of argument: a number that suits, described by `what` where it does not."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not suits(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return value

    return parse


def period(text: str) -> float:
    """A type of argument: a time such as 90s, 9m or 2h, in seconds."""
    units = {"s": 1, "m": 60, "h": 3600}
    try:
        value = float(text[:-1]) * units[text[-1:]]
    except (ValueError, KeyError):
        value = float("nan")
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a time: write 90s, 9m or 2h")
    return value


def file(suffix: str) -> Callable[[str], Path]:
    """A type of argument: the path of a file with this ending, there or not."""

    def parse(text: str) -> Path:
        path = Path(text)
        if path.suffix.lower() != suffix:
            raise argparse.ArgumentTypeError(f"{text!r} does not end in {suffix}")
        if path.is_dir():
            raise argparse.ArgumentTypeError(f"{text!r} is a folder")
        return path

    return parse


def several(one: Callable[[str], float]) -> Callable[[str], tuple[float, ...]]:
    """A type of argument: some of another type, joined by commas."""

    def parse(text: str) -> tuple[float, ...]:
        return tuple(one(part) for part in text.split(","))

    return parse


def weighted(text: str) -> tuple[str, float]:
    """A type of argument: PATH or PATH:WEIGHT, as (path, weight); without one the weight is 1.

    A path may hold a colon itself: what exists as it is written is a path, and so is a drive and what follows it.
    """
    path, colon, weight = text.rpartition(":")
    drive = len(path) == 1 and path.isalpha() and weight[:1] in ("/", "\\")
    if not colon or drive or Path(text).exists():
        return text, 1.0
    try:
        return path, number(lambda value: 0 < value < float("inf"), "a number above 0")(weight)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"the weight in {text!r}: {error}") from None
