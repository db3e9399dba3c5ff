"""Compresses the photographs of a folder, and says what each one became.

python examples/compress_folder.py FROM TO
"""

import sys
from pathlib import Path

from jaxshrink import Model
from jaxshrink.errors import DataError


def main(source: Path, target: Path) -> None:
    model = Model.load()  # once: loading and compiling take longer than a photograph
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        try:
            small = model.compress(path, quality=75)
        except DataError as error:
            print(f"{path.name}: {error}")
            continue
        (target / path.stem).with_suffix(small.suffix).write_bytes(small.data)
        share = len(small.data) / path.stat().st_size
        print(f"{path.name}: {share:.0%} of its bytes, SSIMULACRA2 {small.ssimulacra2:.1f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
