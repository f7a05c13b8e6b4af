"""Training by a recipe: the loop, its callbacks, the estimate of its cost, and the folder that keeps a run."""
