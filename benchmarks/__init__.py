"""How fast the kit is, beside others doing the same work: `make bench`, or `python -m benchmarks --help`.

Pieces, each measured in processes of its own:

- step: a training step of colour_field/model_1, as the study's loop, by the kit and in PyTorch (`variants`, `pytorch`);
- start: importing the kit, answers of the command line, the way to the first step (`start`);
- pictures: reading folders of pictures, and drawing batches from them (`pictures`);
- augment: writing six copies of each picture (`augment`);
- upscale: enlarging a sample (`upscaling`; how faithfully, `fidelity` tells apart from these, as
  `panel` tells what the scores say of planted damage);
- style: a picture painted in the manner of another, by the kit and in PyTorch (`style`, `pytorch_style`).
"""
