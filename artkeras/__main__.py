"""The command line: `python -m artkeras --help`.

Arguments are checked before Keras is loaded, so that a slip is answered at once. What the user can put right is one
line on standard error and exit status 2.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import artkeras
from artkeras.cli import console
from artkeras.cli.arguments import Parser, file, number, period, several, weighted, whole
from artkeras.errors import UserError

_share = number(lambda value: 0 <= value < 1, "a share of at least 0 and below 1")
_weight = number(lambda value: 0 <= value < float("inf"), "a number of at least 0")


def parser() -> argparse.ArgumentParser:
    """The whole grammar of the command line."""
    top = Parser("python -m artkeras", description="Studies in which neural networks learn to paint.")
    top.add_argument("--version", action="version", version=f"artkeras {artkeras.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace], None], text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text[:1].upper() + text[1:] + ".")
        command.set_defaults(run=run)
        return command

    add("list", _list, "list the recipes: study, pictures found, published epochs")

    train = add("train", _train, "train by a recipe, into a new folder under runs/")
    train.add_argument("recipe", metavar="NAME", help="a recipe's name, see: list")
    train.add_argument("--quick", action="store_true", help="laptop size: a minute or less")
    train.add_argument("--out", metavar="DIR", help="folder for runs (default: $ARTKERAS_RUNS, else runs)")
    train.add_argument("--jit", action="store_true", default=None, help="compile with XLA (slower on most CPUs)")
    train.add_argument("--dry-run", action="store_true", help="say what it would cost, train nothing")

    resume = add("resume", _resume, "go on with a run that was stopped, or train it longer")
    resume.add_argument("run_folder", metavar="RUN", help="the run's folder")

    for command in (train, resume):
        command.add_argument("--data", metavar="DIR", help="folder of pictures (default: where `list` finds them)")
        command.add_argument("--epochs", type=whole(1), metavar="N", help="total number of epochs")
        command.add_argument("--batch-size", type=whole(1), metavar="N", help="pictures a step")
        command.add_argument("--size", type=whole(1), metavar="N", help="side of the pictures, in pixels")
        command.add_argument("--width", type=whole(1), metavar="N", help="filters of the thinnest layers")
        command.add_argument("--seed", type=whole(0), metavar="N", help="of weights, latents, draws, holdout")
        command.add_argument("--precision", choices=("auto", "float32", "bfloat16"), default="auto")
        command.add_argument("--holdout", type=_share, metavar="F", help="share of paintings kept out, for judging")
        command.add_argument(
            "--kid-every", type=whole(1), metavar="N", help="judge by the held-out paintings every N epochs"
        )

    for name, run, text in (
        ("sample", _sample, "draw new pictures as a grid"),
        ("walk", _walk, "draw a walk through latent space as an animation"),
    ):
        command = add(name, run, text)
        command.add_argument(
            "what", metavar="RUN_OR_RECIPE", help="a run's folder, or a recipe with a result in the kit"
        )
        command.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the latents (default: 0)")
        if name == "sample":
            command.add_argument(
                "--count", type=whole(1, 10_000), default=49, metavar="N", help="pictures (default: 49)"
            )
            command.add_argument("--out", type=file(".png"), default="grid.png", metavar="PNG")
        else:
            command.add_argument("--frames", type=whole(5, 10_000), default=60, metavar="N", help="(default: 60)")
            command.add_argument("--out", type=file(".gif"), default="walk.gif", metavar="GIF")
        command.add_argument("--scale", type=whole(1, 64), default=2, metavar="N", help="enlargement (default: 2)")
        _weights_option(command)

    translate = add("translate", _translate, "translate pictures: Monets to photographs, label maps to facades, back")
    translate.add_argument("what", metavar="RUN_OR_RECIPE", help="a run's folder, or a recipe with a result in the kit")
    translate.add_argument("pictures", nargs="+", metavar="PICTURE", help="files, and folders of them")
    translate.add_argument("--reverse", action="store_true", help="the other way, where it goes both")
    translate.add_argument("--longest", type=whole(8), metavar="N", help="shrink pictures with a longer side than this")
    translate.add_argument("--out", metavar="DIR", default="translated", help="(default: translated)")

    evaluate = add("evaluate", _evaluate, "score what was trained against its paintings: KID, variety, memorization")
    evaluate.add_argument("what", metavar="RUN_OR_RECIPE", help="a run's folder, or a recipe with a result in the kit")
    evaluate.add_argument("--data", metavar="DIR", help="folder of its pictures, if they have moved")
    evaluate.add_argument(
        "--count", type=whole(100, 100_000), default=2000, metavar="N", help="samples (default: 2000)"
    )
    evaluate.add_argument("--seed", type=whole(0), default=1, metavar="N", help="of their latents (default: 1)")
    evaluate.add_argument(
        "--features", choices=("lite0", "squeezenet", "inception"), default="lite0", help="main feature extractor"
    )
    evaluate.add_argument(
        "--thumbnail", type=whole(8), default=24, metavar="N", help="side at which composition is scored (default: 24)"
    )
    evaluate.add_argument(
        "--checkpoint", choices=("chosen", "last"), default="chosen", help="the best one (default), or the last one"
    )
    evaluate.add_argument("--out", type=file(".jsonl"), metavar="JSONL", help="write the scores to this file instead")
    _weights_option(evaluate)

    report = add("report", _report, "write what runs gave to results/: card, grid, curves, animation, generator")
    report.add_argument("run_folders", nargs="+", metavar="RUN", help="runs' folders")
    report.add_argument("--out", default="results", metavar="DIR", help="(default: results)")
    report.add_argument("--replace", action="store_true", help="let a run take the place of another one's result")
    report.add_argument(
        "--html", type=file(".html"), metavar="HTML", help="write one page to look at, and nothing to --out"
    )

    reproduce = add("reproduce", _reproduce, "train, evaluate, compare and report whole studies, or go on with that")
    reproduce.add_argument("what", nargs="+", metavar="WHAT", help="recipes, studies, families such as lessons, or all")
    reproduce.add_argument("--seeds", type=whole(1, 100), default=1, metavar="N", help="of each (default: 1)")
    reproduce.add_argument("--width", type=whole(1), metavar="N", help="filters of the thinnest layers")
    reproduce.add_argument("--within", type=period, metavar="TIME", help="stop after this time: 90s, 9m, 2h")
    reproduce.add_argument("--quick", action="store_true", help="rehearse the whole chain at laptop size")
    reproduce.add_argument("--dry-run", action="store_true", help="say what it would cost, and do nothing")
    reproduce.add_argument("--data", metavar="DIR", help="folder of pictures (default: where `list` finds them)")
    reproduce.add_argument("--out", default="reproduced", metavar="DIR", help="(default: reproduced)")

    compare = add("compare", _compare, "draw runs side by side: what was changed, and what that changed")
    compare.add_argument("run_folders", nargs="+", metavar="RUN", help="runs' folders, at least two")
    compare.add_argument("--out", type=file(".png"), default="compare.png", metavar="PNG")

    rate = add("rate", _rate, "have people rate real and generated pictures, blind: write a page, read what they said")
    rate.add_argument("what", nargs="?", metavar="RUN_OR_RECIPE", help="write a page: of a run or of a recipe's result")
    rate.add_argument("--data", metavar="DIR", help="folder of its pictures, if they have moved")
    rate.add_argument("--out", type=file(".html"), default="rating.html", metavar="HTML", help="(default: rating.html)")
    rate.add_argument("--count", type=whole(1), default=20, metavar="N", help="pictures of each kind (default: 20)")
    rate.add_argument("--seed", type=whole(0), default=1, metavar="N", help="of their draw (default: 1)")
    rate.add_argument("--mode", choices=("stars", "real-or-fake", "both"), default="both", help="(default: both)")
    rate.add_argument("--read", nargs="+", metavar="CSV", help="read what the raters saved instead")
    rate.add_argument("--key", metavar="JSON", help="the page's key (default: found beside the raters' files or here)")

    upscale = add("upscale", _upscale, "enlarge pictures four times by a pretrained network")
    upscale.add_argument("pictures", nargs="+", metavar="PICTURE", help="files, or folders of them")
    upscale.add_argument("--out", required=True, metavar="DIR", help="folder for the PNG files; none is overwritten")
    upscale.add_argument(
        "--model", default="auto", metavar="NAME|PATH",
        help="esrgan-tf2, thick, slim, realesrgan-x4plus, realesrgan-animevideov3, bicubic, or a model's path "
        "(default: the first that can be had of the study's own esrgan-tf2, thick, realesrgan-x4plus, bicubic)",
    )  # fmt: skip
    upscale.add_argument(
        "--tile", type=whole(64), metavar="N",
        help="side of the pieces that large pictures are cut into (default: 256; 512 for realesrgan-x4plus)",
    )  # fmt: skip

    stylize = add("stylize", _stylize, "paint a picture in the manner of others")
    stylize.add_argument("content", metavar="CONTENT", help="the picture")
    stylize.add_argument(
        "styles", nargs="+", type=weighted, metavar="STYLE[:WEIGHT]", help="one whose manner it gets, or several, mixed"
    )
    stylize.add_argument("--out", type=file(".png"), default="styled.png", metavar="PNG", help="(default: styled.png)")
    stylize.add_argument(
        "--preset", choices=("published", "published-0-1", "clean"), default="clean",
        help="study 5e's settings, in either reading of its units, or better-looking ones (default: clean)",
    )  # fmt: skip
    stylize.add_argument("--content-weight", type=_weight, metavar="W", help="of the content loss")
    stylize.add_argument("--style-weights", type=several(_weight), metavar="W,W,...", help="of each layer's style loss")
    stylize.add_argument("--tv-weight", type=_weight, metavar="W", help="of the total variation: smoothness")
    stylize.add_argument(
        "--size", type=whole(1, 4096), default=256, metavar="N", help="long side in pixels (default: 256)"
    )
    stylize.add_argument("--steps", type=whole(1), metavar="N", help="at the first size; half as many at larger ones")
    stylize.add_argument("--net", choices=("squeezenet", "vgg19"), default="squeezenet", help="network that judges")
    stylize.add_argument(
        "--initial",
        choices=("content", "noise"),
        default="content",
        help="what to begin from; noise takes a larger content weight",
    )
    stylize.add_argument("--seed", type=whole(0), default=0, metavar="N", help="of the noise (default: 0)")
    stylize.add_argument("--keep-colour", action="store_true", help="paint lightness only: colours stay")
    stylize.add_argument("--gif", type=file(".gif"), metavar="GIF", help="also write how it came about")

    for name in ("resume", "sample", "walk", "translate", "evaluate", "report", "compare", "rate"):
        commands.choices[name].add_argument(
            "--trust", action="append", default=[], metavar="MODULE",
            help="let a run's recipe name code of this module, such as a study of your own",
        )  # fmt: skip

    weights = add("weights", _weights, "pretrained weights: list them, fetch one, print where it lies")
    weights.add_argument("action", choices=("list", "fetch", "path"))
    weights.add_argument("name", nargs="?", metavar="NAME", help="which, see: weights list")
    return top


def _weights_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--weights", choices=("trained", "ema"), default="trained",
        help="as the last step left them, or their moving average (default: trained)",
    )  # fmt: skip


def _list(arguments: argparse.Namespace) -> None:
    from artkeras.files import expanded
    from artkeras.recipes import RECIPES
    from artkeras.tasks.results import results_folder

    where = {}
    for recipe in RECIPES.values():
        if recipe.study not in where:
            where[recipe.study] = recipe.find()
    rows = [("RECIPE", "PICTURES", "EPOCHS", "TRAINED", "WHAT")]
    for recipe in RECIPES.values():
        trained = (results_folder() / recipe.name / "generator.npz").is_file()
        found = str(where[recipe.study] or "synthetic placeholder")
        rows.append((recipe.name, found, str(recipe.epochs), "yes" if trained else "no", recipe.change))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)).rstrip())
    if not any(where.values()):
        place = os.environ.get("ARTKERAS_DATA")
        also = f"nor in {expanded(place).absolute()}" if place else "and $ARTKERAS_DATA is not set"
        print(f"\nno pictures found: no folder of a study, such as colour_field, in {Path('data').absolute()}, {also}")


def _changes(arguments: argparse.Namespace) -> dict[str, Any]:
    names = ("epochs", "batch_size", "size", "width", "seed", "holdout", "kid_every")
    given = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def _train(arguments: argparse.Namespace) -> None:
    from artkeras.recipes import recipe as find_recipe

    recipe = find_recipe(arguments.recipe)
    recipe = replace(recipe.quick() if arguments.quick else recipe, **_changes(arguments))
    recipe.check()  # what is wrong with the values or the folder is said before Keras is loaded
    recipe.check_training()
    recipe.find(arguments.data)
    artkeras.train(
        recipe,
        data=arguments.data,
        precision=arguments.precision,
        jit=arguments.jit,
        out=arguments.out,
        dry_run=arguments.dry_run,
        log=_say,
    )


def _resume(arguments: argparse.Namespace) -> None:
    changes = _changes(arguments)
    run = artkeras.Run(arguments.run_folder)
    run.recipe.check_training()
    epochs = changes.pop("epochs", None)
    artkeras.resume(run, epochs=epochs, data=arguments.data, precision=arguments.precision, log=_say, **changes)


def _sample(arguments: argparse.Namespace) -> None:
    from artkeras.reporting import figures

    sampler = artkeras.load(arguments.what, arguments.weights)
    pictures = sampler.sample(arguments.count, arguments.seed)
    figure = figures.grid(pictures, scale=arguments.scale, caption=sampler.caption)
    _say(f"wrote {figures.save(figure, arguments.out)}")


def _walk(arguments: argparse.Namespace) -> None:
    from artkeras.reporting import figures

    sampler = artkeras.load(arguments.what, arguments.weights)
    frames = sampler.walk(arguments.frames, seed=arguments.seed)
    images = [figures.grid(frame[None], scale=arguments.scale, gap=0) for frame in frames]
    _say(f"wrote {figures.gif(images, arguments.out, milliseconds=80)}")


def _translate(arguments: argparse.Namespace) -> None:
    from artkeras.tasks.translate import translate

    translate(
        arguments.what,
        arguments.pictures,
        arguments.out,
        reverse=arguments.reverse,
        longest=arguments.longest,
        log=_say,
    )


def _evaluate(arguments: argparse.Namespace) -> None:
    from artkeras.tasks.evaluation import evaluate

    evaluate(
        arguments.what,
        data=arguments.data,
        count=arguments.count,
        seed=arguments.seed,
        features=arguments.features,
        weights=arguments.weights,
        checkpoint=arguments.checkpoint,
        thumbnail=arguments.thumbnail,
        out=arguments.out,
        log=_say,
    )


def _reproduce(arguments: argparse.Namespace) -> None:
    from artkeras.reproduce import reproduce

    reproduce(
        arguments.what,
        seeds=arguments.seeds,
        width=arguments.width,
        within=arguments.within,
        out=arguments.out,
        quick=arguments.quick,
        data=arguments.data,
        dry_run=arguments.dry_run,
        log=_say,
    )


def _report(arguments: argparse.Namespace) -> None:
    if arguments.html:
        from artkeras.reporting.page import page

        _say(f"wrote {page(arguments.run_folders, arguments.html, arguments.out)}")
        return
    from artkeras.reporting.report import gallery, report, table

    for folder in arguments.run_folders:
        _say(f"wrote {report(folder, arguments.out, replace=arguments.replace)}")
    _say(f"wrote {gallery(arguments.out)}")
    _say(f"wrote {table(arguments.out)}")


def _compare(arguments: argparse.Namespace) -> None:
    from artkeras.reporting.comparison import compare

    out = compare(arguments.run_folders, arguments.out, log=_say)
    _say(f"wrote {out} and {out.with_suffix('.csv').name}")


def _rate(arguments: argparse.Namespace) -> None:
    from artkeras.reporting import rating

    if bool(arguments.what) == bool(arguments.read):
        raise UserError("give either a run or a recipe, to write a page, or --read and the files that raters saved")
    if arguments.read:
        for line in rating.read(arguments.read, arguments.key).lines():
            _say(line)
        return
    rating.write(
        arguments.what,
        data=arguments.data,
        out=arguments.out,
        count=arguments.count,
        seed=arguments.seed,
        mode=arguments.mode,
        log=_say,
    )


def _upscale(arguments: argparse.Namespace) -> None:
    from artkeras.pretrained.upscale import upscale_files

    upscale_files(arguments.pictures, arguments.out, arguments.model, tile=arguments.tile, log=_say)


def _stylize(arguments: argparse.Namespace) -> None:
    from artkeras.pretrained.style import stylize_file

    names = ("preset", "content_weight", "style_weights", "tv_weight", "size", "steps", "net", "initial", "seed")
    options = {name: getattr(arguments, name) for name in (*names, "keep_colour")}
    stylize_file(arguments.content, arguments.styles, arguments.out, gif=arguments.gif, log=_say, **options)


def _weights(arguments: argparse.Namespace) -> None:
    from artkeras.pretrained.weights import main_weights

    main_weights(arguments.action, arguments.name)


def _say(line: str) -> None:
    try:
        print(line, flush=True)
    except BrokenPipeError:  # who read along has left (`| head`): the work is done all the same
        sys.stdout = open(os.devnull, "w")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0 done, 2 to put right, 130 stopped by Ctrl-C or SIGTERM."""
    console.show_everything()
    arguments = parser().parse_args(argv)
    try:
        with console.stopped_by_sigterm():
            artkeras.trust(*getattr(arguments, "trust", ()))
            arguments.run(arguments)
            sys.stdout.flush()
    except UserError as error:
        return _fail(str(error))
    except BrokenPipeError:  # who read a list has seen enough of it (`| head`)
        sys.stdout = open(os.devnull, "w")
    except OSError as error:  # a full disk, a folder without permission
        return _fail(_refused(error, arguments))
    except MemoryError:
        return _fail("there is not enough memory for that: ask for less, or for smaller pictures")
    except KeyboardInterrupt as error:
        print(f"\nartkeras: {str(error) or 'stopped'}", file=sys.stderr)
        return 130
    return 0


def _refused(error: OSError, arguments: argparse.Namespace) -> str:
    """What the system refused, in a line."""
    place = Path(error.filename).absolute() if isinstance(error.filename, str | os.PathLike) else None
    if place and not os.path.exists(place):  # it could not be made, or was a temporary file: name its folder
        place = place.parent
        if isinstance(error, PermissionError):
            advice = "give another --out" if "out" in arguments else "allow it and try again"
            return f"no permission to write in {place}: {advice}"
    where = f" ({place})" if place else ""
    return f"{error.strerror or error}{where}: nothing that was complete is lost; free it and try again"


def _fail(message: str) -> int:
    print(f"artkeras: {' '.join(message.split())}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
