"""Trains or evaluates: python launch.py --config=configs/paper.py [--mode=evaluate]."""

from jaxshrink.train import run_flags

if __name__ == "__main__":
    run_flags()
