"""Study 5, parts a and b, and what study 2 wished for: autoencoders, plain and variational.

Does an autoencoder reconstruct paintings, and can it make new ones out of random latents? The course report says: its
reconstructions are close, decoding random latents fails; a variational one has a smoother latent space, but samples
are blurry; and its reconstructions are the better ones. All three are measured by `python -m artkeras evaluate`.

    python -m artkeras train monet/vae            # 270 Monets, a tenth of them held out
    python -m artkeras train monet/vae --quick    # under a minute on a laptop

Networks in `artkeras.networks.autoencoder`; the step in `artkeras.models.autoencoder`; Adam 1e-3; batch 32. The report
gives neither numbers nor layers.
"""

from dataclasses import replace
from typing import Any

from artkeras.recipes.recipe import DRAWN, Builder, Recipe

LATENT_DIM = 128
LATENT_DIMS = (8, 32, 512)  # the others that are compared

_MODULE = "artkeras.networks.autoencoder"
_REPORT = "a course report on realistic art, study 5"


def _networks(latent_dim: int, **of_encoder) -> dict[str, Builder]:
    return {
        "encoder": Builder(f"{_MODULE}:encoder", latent_dim=latent_dim, **of_encoder),
        "decoder": Builder(f"{_MODULE}:decoder", latent_dim=latent_dim),
    }


_DEPARTURES = (
    "the report's images are 150 x 150; ours are 64 x 64 (at 150 as {name}_150)",
    "the report gives no layers: four convolutions that halve the side, with batch normalisation, and their mirror "
    "image",
    "half of the pictures of a step are mirrored left to right: there are only 243 paintings to learn from",
    "a tenth of the paintings is held out, to measure the error on paintings never seen",
    DRAWN,
)

_VAE = Builder("artkeras.models.autoencoder:VAE", beta=1.0)

AUTOENCODER = Recipe(
    name="monet/autoencoder",
    study="monet",
    model=Builder("artkeras.models.autoencoder:Autoencoder"),
    networks=_networks(LATENT_DIM),
    optimizer=Builder("artkeras.models.autoencoder:adam"),
    loss=None,
    task="reconstruction",
    width=32,
    batch_size=32,
    epochs=300,
    subset="all",
    expand=False,
    fit="crop",
    holdout=0.1,
    eval_every=10,
    sample_every=20,
    change="128 latents squeezed to [0, 1] by a sigmoid, a fifth of them dropped in training",
    source=_REPORT,
    published={
        "epochs": "not said",
        "time": "not said",
        "reported": "reconstructions are close; decoding random latents fails",
    },
    departures=(
        *(text.format(name="monet/autoencoder") for text in _DEPARTURES),
        "the report does not say where the dropout was: it is on the latents",
    ),
    # 216 // 16 = 13 steps an epoch
    laptop={
        "size": 32, "width": 16, "batch_size": 16, "limit": 216, "epochs": 20, "eval_every": 5, "sample_every": 10,
    },
)  # fmt: skip
"""A plain autoencoder."""

NO_DROPOUT = replace(
    AUTOENCODER,
    name="monet/autoencoder_no_dropout",
    networks={**AUTOENCODER.networks, "encoder": AUTOENCODER.networks["encoder"].but(dropout=0.0)},
    change="monet/autoencoder without its dropout, which might be what the VAE's reconstructions are better by",
    published={},
    departures=(*AUTOENCODER.departures[:-1], "no dropout, to see what it does"),
)
"""A plain autoencoder without dropout."""

VAE = replace(
    AUTOENCODER,
    name="monet/vae",
    model=_VAE,
    networks=_networks(LATENT_DIM, gaussian=True),
    change="128 Gaussian latents, squared error and divergence",
    published={
        "epochs": "not said",
        "time": "not said",
        "reported": "a smoother latent space; samples blurry; reconstructions better than the autoencoder's",
    },
    departures=(
        *(text.format(name="monet/vae") for text in _DEPARTURES),
        "the report does not say how error and divergence were weighed: 1 to 1, both summed",
    ),
    # a quarter of the numbers to be wrong about: a quarter of beta keeps the balance
    laptop={**AUTOENCODER.laptop, "model": _VAE.but(beta=0.25)},
)
"""A variational autoencoder."""


def _of_size(base: Recipe, latent_dim: int) -> Recipe:
    """The same with another number of latents."""
    return replace(
        base,
        name=f"{base.name}_{latent_dim}_latents",
        networks={name: builder.but(latent_dim=latent_dim) for name, builder in base.networks.items()},
        change=f"{base.name} with {latent_dim} latents",
        published={},
    )


def _at_150(base: Recipe) -> Recipe:
    """The report's size: the central square at 150 pixels."""
    return replace(
        base,
        name=f"{base.name}_150",
        size=150,
        change=f"{base.name} at the report's 150 x 150 pixels",
        published={},
        departures=tuple(text.replace("four convolutions", "five convolutions") for text in base.departures[1:]),
    )


_OF_ABSTRACTS: dict[str, Any] = {
    "study": "abstract",
    "batch_size": 64,
    "epochs": 100,
    "eval_every": 5,
    "sample_every": 10,
    "published": {},
    "departures": (
        "four convolutions that halve the side, with batch normalisation, and their mirror image",
        "half of the pictures of a step are mirrored left to right",
        "a tenth of the paintings is held out, to measure the error on paintings never seen",
        DRAWN,
    ),
}

ABSTRACT_AUTOENCODER = replace(
    AUTOENCODER,
    name="abstract/autoencoder",
    change="monet/autoencoder on study 2's abstract paintings, to compare the VAE with",
    source="study 5's autoencoder on the paintings of study 2 (abstract art by DCGAN, 2023)",
    **_OF_ABSTRACTS,
)
"""A plain autoencoder of abstract paintings."""

ABSTRACT_VAE = replace(
    VAE,
    name="abstract/vae",
    change="the VAE that study 2 wished for, on its abstract paintings",
    source="study 2 (abstract art by DCGAN, 2023), which names a VAE as the next thing to try",
    **_OF_ABSTRACTS,
)
"""A variational autoencoder of abstract paintings."""

RECIPES = (
    AUTOENCODER,
    NO_DROPOUT,
    VAE,
    *(_of_size(base, latent_dim) for base in (AUTOENCODER, VAE) for latent_dim in LATENT_DIMS),
    _at_150(AUTOENCODER),
    _at_150(VAE),
    ABSTRACT_AUTOENCODER,
    ABSTRACT_VAE,
)
