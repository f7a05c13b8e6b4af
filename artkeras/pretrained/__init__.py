"""Networks that others trained: fetching their weights, upscaling, style transfer."""
