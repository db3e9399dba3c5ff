"""Configs: what to train, on what, how long. `configs` in the repository is this folder."""
