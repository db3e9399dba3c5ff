"""Fine-tunes the shipped model on photographs of your own, and packs the result.

    python examples/fine_tune.py PHOTOGRAPHS OUT [--config.num_epochs=5 ..]

PHOTOGRAPHS holds train/ and dev/, with sides of at least 250 pixels. Trains the full-size networks
from the shipped weights; further flags are handed to `jaxshrink.train`. `OUT/mine.safetensors` is
then a model for `jaxshrink compress --model`. Takes hours on a CPU, minutes on a GPU.
"""

import subprocess
import sys
from pathlib import Path


def main(photographs: Path, out: Path, flags: list[str]) -> None:
    run = out / "full"
    train = [
        *[sys.executable, "-m", "jaxshrink.train", f"--workdir={run}"],
        "--config=configs/codec_aware.py:full",
        "--config.init=photo3",
        "--config.learning_rate=2e-4",
        "--config.loss.rate_warmup_steps=0",
        "--config.evaluation.after_training=False",
        f"--config.data.train={photographs / 'train'}",
        f"--config.data.dev={photographs / 'dev'}",
        f"--config.data.test={photographs / 'dev'}",
        *flags,
    ]
    subprocess.run(train, check=True)
    pack = [sys.executable, "-m", "jaxshrink", "export", "weights", str(run), "--name", "mine"]
    subprocess.run([*pack, "-o", str(out / "mine.safetensors")], check=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
