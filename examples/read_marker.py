"""Says what a file's marker holds, without loading JAX.

python examples/read_marker.py FILE
"""

import sys
from pathlib import Path

from jaxshrink.files import markers


def main(path: Path) -> None:
    marker = markers.find(path.read_bytes())
    if marker is None:
        print(f"{path}: no marker; an ordinary picture")
        return
    height, width = marker.size
    print(f"{path}: a {width}x{height} photograph, stored at 1/{marker.scale} of its size")
    print(f"made by the model {marker.model}, whose hash begins with {marker.model_hash.hex()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
