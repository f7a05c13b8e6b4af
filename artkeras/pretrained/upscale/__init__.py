"""Enlarging images four times, as study 1 did with its best samples.

    esrgan-tf2                the study's own: captain-pool/esrgan-tf2 of TensorFlow Hub (TensorFlow only)
    thick                     ESRGAN "thick" of UpscalerJS: faithful
    slim                      ESRGAN "slim" of UpscalerJS: small, fast, blocky
    realesrgan-x4plus         Real-ESRGAN: sharp and inventive, slow
    realesrgan-animevideov3   Real-ESRGAN's compact network, for drawings
    bicubic                   no network; the others are compared with it
    a path                    a folder with a TensorFlow.js model like thick and slim or with a SavedModel like
                              esrgan-tf2, or the .param of a Real-ESRGAN in ncnn's format, with its .bin beside it
    auto                      the study's own; where it cannot be had thick, then realesrgan-x4plus, then bicubic

- `models`: these networks, opened
- `hub`: TensorFlow's SavedModels
- `images`: arrays and images in memory
- `files`: files and folders

Images larger than a tile are enlarged piece by piece: `artkeras.tiles`.
"""

from artkeras.pretrained.upscale.files import upscale_files
from artkeras.pretrained.upscale.images import side_by_side, upscale
from artkeras.pretrained.upscale.models import MODELS, Upscaler, check, open_model

__all__ = ["MODELS", "Upscaler", "check", "open_model", "side_by_side", "upscale", "upscale_files"]
