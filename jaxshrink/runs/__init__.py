"""A training run on disk: its config, its working directory, what is restored from it."""
