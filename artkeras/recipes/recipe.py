"""What a recipe is: values that say what to build, on which data, how long, from which seed.

Recipes hold no code and importing them loads no Keras: what they build is named by `Builder`s.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from artkeras import data, losses
from artkeras.errors import UserError
from artkeras.recipes import limits
from artkeras.trusted import check_builder, check_options

if TYPE_CHECKING:
    import keras

    from artkeras.engine import StepModel
    from artkeras.tasks import Task

_NOTHING: Mapping[str, Any] = MappingProxyType({})
DRAWN = (  # a departure of studies 2 to 5; study 1 draws as we do
    "a step draws its images with replacement; the study's code, as far as it is known, goes through all of them in "
    "each epoch"
)
EMA = 10_000  # half-life in images of the averaged weights that the GAN studies' recipes keep; no study had any


class Builder:
    """A function named by where it lives, with some of its keywords filled in.

    Like `functools.partial`, but it can be written to JSON, compared, and made without importing the function.

    >>> Builder("artkeras.networks.colour_field:generator", norm=True)(size=64)   # a keras.Model
    """

    def __init__(self, path: str, **options: Any):
        self.path, self.options = path, options

    def but(self, **options: Any) -> Builder:
        """The same builder with other options."""
        return Builder(self.path, **(self.options | options))

    def __call__(self, **more: Any) -> Any:
        """Import the function and call it; `more` keywords win over the options.

        Raises:
            UserError: when its module is not found (a study of one's own, called from elsewhere), when that has no
                function of this name of its own, or when the function does not take these keywords.
        """
        module, name = self.path.split(":")
        try:
            imported = import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):  # it lacks another itself
                raise
            raise UserError(
                f"the module {error.name} is missing, of which {self.path} is made: call from the folder it lies in, "
                "or put PYTHONPATH=THAT_FOLDER before the command"
            ) from None
        made = getattr(imported, name, None)
        # what a module only imports is not its own: `artkeras.networks.resnet:keras` is no builder
        if not callable(made) or (module.startswith("artkeras.") and getattr(made, "__module__", "") != module):
            raise UserError(f"{module} defines no {name}: give a builder that it has")
        keywords = self.options | more
        try:
            inspect.signature(made).bind(**keywords)
        except TypeError as error:
            raise UserError(f"{self.path} cannot be called with {', '.join(keywords)} ({error})") from None
        return made(**keywords)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Builder) and (self.path, self.options) == (other.path, other.options)

    def __repr__(self) -> str:
        options = ", ".join(f"{key}={value!r}" for key, value in self.options.items())
        return f"{self.path}({options})"


def _plain(value: Any) -> Any:
    """A recipe's value as JSON has it."""
    if isinstance(value, Builder):
        check_options(value.path, value.options)
        return {"build": value.path, **_plain(value.options)}
    if isinstance(value, losses.Loss):
        return _plain(asdict(value))
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


def _builder(role: str, plain: dict[str, Any]) -> Builder:
    """A builder as JSON has it, unless it names code that a stored recipe may not name."""
    options = {key: value for key, value in plain.items() if key != "build"}
    check_builder(role, plain["build"], options)
    return Builder(plain["build"], **options)


@dataclass(frozen=True)
class Recipe:
    """One training, as values. A variant is `dataclasses.replace(other, ...)`: its difference.

    What decides the result:

    Attributes:
        name: "study/variant".
        study: where its pictures are looked for, see `artkeras.data.find`.
        model: the class that takes the steps; called with the networks, `loss` (unless None), `optimizer`,
            `pixel_range`, `seed`.
        networks: keyword of the model -> builder; each is called with `size` and `width`.
        optimizer: called once for each network.
        loss: see `artkeras.losses`; None for models without an adversary.
        size: side of the square pictures, in pixels.
        width: filters of the thinnest layer; the published value is in each network's docstring.
        batch_size: pictures a step.
        epochs: one epoch is len(pictures) // batch_size steps of pictures drawn with replacement.
        seed: of the initial weights, the latents, the draws and the holdout.
        subset: "all", "kept" (not rejected by the study's authors) or "curated".
        expand: train on six copies of each painting (flips and rotations).
        fit: "stretch" or "crop", how a painting becomes a square.
        holdout: share of the paintings kept out of training, for evaluation.
        limit: at most so many paintings; None for all.
        pixel_range: what black and white become before the networks see them.
        channels: "rgb", or "bgr" for a study that mixed them up.
        scale: "full" or "quick".
        eval_every: epochs between KIDs from the held-out paintings; 0 for none. The checkpoint with the
            smallest is kept beside the last. Tasks other than generation have columns of their own.
        task: what the model is for, see `artkeras.tasks`.
        ema: half-life, in images, of the exponential moving average of the weights that is kept beside the training;
            0 for none. It never changes the training, see `artkeras.engine.Average`.
        domains: the two that a translator goes between, A and then B: name -> a folder, or "left" or "right" for
            halves of each file; none for other tasks.

    What only describes:

    Attributes:
        change: the one thing that sets it apart, in a line.
        source: whose work it is.
        published: what its authors report: epochs, time, results; the pixels of a cell of their published grid.
        departures: where we knowingly do otherwise than the study.
        laptop: the values `quick()` puts in place.
        sample_every: epochs between sample grids.
    """

    name: str
    study: str
    model: Builder
    networks: Mapping[str, Builder]
    optimizer: Builder = field(default_factory=lambda: Builder("artkeras.models.gan:adam"))
    loss: losses.Loss | None = losses.BCE
    size: int = 64
    width: int = 128
    batch_size: int = 128
    epochs: int = 150
    seed: int = 0
    subset: str = "kept"
    expand: bool = True
    fit: str = "stretch"
    holdout: float = 0.0
    limit: int | None = None
    pixel_range: tuple[float, float] = (-1.0, 1.0)
    channels: str = "rgb"
    scale: str = "full"
    eval_every: int = 0
    task: str = "generation"
    ema: int = 0
    domains: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    change: str = ""
    source: str = ""
    published: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    departures: tuple[str, ...] = ()
    laptop: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    sample_every: int = 10

    DESCRIPTIONS = ("change", "source", "published", "departures", "laptop")

    def check(self) -> None:
        """Refuse values that no training can have; those of the pictures are checked by `artkeras.data`.

        Raises:
            UserError: naming the value.
        """
        from artkeras.tasks import task

        task(self.task)
        limits.check_values(self)
        limits.check_memory(self, training=False)
        if self.eval_every and not self.holdout:
            raise UserError("to evaluate during training, paintings must be held out: add a holdout, such as 0.1")

    def check_training(self) -> None:
        """Refuse sizes that a training on this computer cannot have.

        Raises:
            UserError: naming what is too large.
        """
        limits.check_memory(self, training=True)

    def quick(self) -> Recipe:
        """The same study at laptop size: smaller pictures, thinner networks, fewer paintings, under a minute."""
        return replace(self, scale="quick", **self.laptop)

    @property
    def of_task(self) -> Task:
        """The behaviour of its task outside the training step.

        Raises:
            UserError: for an unknown task.
        """
        from artkeras.tasks import task

        return task(self.task)

    def find(self, folder: str | Path | None = None) -> Path | None:
        """Where this recipe's pictures are, or None if a placeholder will have to do. See `artkeras.data.find`."""
        return self.of_task.find(self, folder)

    def pictures(self, folder: str | Path | None = None) -> tuple[data.Pictures, data.Pictures | None]:
        """Find, load and split this recipe's pictures: `(training, held out)`. See `artkeras.data.load`."""
        return self.of_task.pictures(self, folder)

    def network(self, name: str) -> keras.Model:
        """Build one network, with fresh weights."""
        return self.networks[name](size=self.size, width=self.width)

    def build(self, *, jit: bool | None = None, steps: int | None = None) -> StepModel:
        """Build the model, weights drawn from `seed`, in the precision policy in force.

        Args:
            jit: see `artkeras.engine.StepModel.ready`.
            steps: of the whole training, for tasks that plan by it.
        """
        from artkeras import engine

        engine.seed(self.seed)
        adversarial = {} if self.loss is None else {"loss": self.loss}
        planned = {"steps": steps} if self.of_task.plans_steps else {}
        model = self.model(
            **{name: self.network(name) for name in self.networks}, **adversarial, **planned,
            optimizer=self.optimizer, pixel_range=self.pixel_range, seed=self.seed, jit=jit,
        )  # fmt: skip
        if self.ema:
            model.keep_average(self.of_task.kept, self.ema)
        return model

    @property
    def modules(self) -> set[str]:
        """The modules that its builders name."""
        builders = (self.model, self.optimizer, *self.networks.values())
        return {builder.path.partition(":")[0] for builder in builders}

    def to_json(self) -> dict[str, Any]:
        """What decides the result, as plain values."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if f.name not in self.DESCRIPTIONS}

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Recipe:
        """Read what `to_json` wrote. Descriptions are left out.

        Raises:
            NotTrusted: when it names code that is neither the kit's nor trusted, see `artkeras.trusted`.
            ValueError, KeyError, TypeError, AttributeError: when it is no recipe.
        """
        values = dict(plain)
        values |= {key: _builder(key, values[key]) for key in ("model", "optimizer")}
        values["networks"] = {key: _builder("networks", value) for key, value in values["networks"].items()}
        if values["loss"] is not None:
            values["loss"] = losses.loss(values["loss"])
        values["pixel_range"] = tuple(values["pixel_range"])
        return cls(**values)
