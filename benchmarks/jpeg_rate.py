"""Fits the weights of the rate estimate in `jaxshrink/ops/jpeg.py` to the sizes of real files.

    python -m benchmarks.jpeg_rate PHOTOGRAPHS

Photographs are halved, for they are JPEGs themselves, and cut to sides that are multiples of 16.
Each is stored, 4:2:0, optimized and progressive, with libjpeg's tables and with flatter ones, at
eight rates. Prints the weights, and how far the estimate is from the files.
"""

import argparse
import io

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jaxshrink.data import list_images
from jaxshrink.ops import jpeg

_QUALITIES = (3, 6, 10, 16, 25, 40, 60, 80)
_SIDE = 192


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photographs", help="a folder, or packaged:train")
    images = _read(parser.parse_args().photographs)
    ramp = 1.0 + np.hypot(*np.mgrid[:8, :8]) / 7
    tables = [np.asarray(jpeg.standard_tables(jnp.float32(q))) for q in _QUALITIES]
    tables += [np.round(np.stack([s * ramp] * 2)) for s in (110, 70, 45, 30, 20, 13, 8, 5)]
    features, sizes = [], []
    for table in tables:
        features.append(_features(images, jnp.asarray(table, jnp.float32)))
        sizes.append([8 * len(_encode(image, table)) for image in images])
    rows, bits = np.concatenate(features), np.concatenate(sizes)
    # Relative errors: a tenth too much matters the same in a small file.
    weights, *_ = np.linalg.lstsq(rows / bits[:, None], np.ones(len(bits)), rcond=None)
    ratio = rows @ weights / bits
    print("nonzero, doublings (varying); nonzero, doublings (means); header:", weights.round(3))
    print(f"estimate / file: {np.percentile(ratio, (5, 50, 95)).round(3)} (5, 50, 95 %)")
    for index, table in enumerate(tables):
        part = ratio[index * len(images) : (index + 1) * len(images)]
        print(f"  luma {table[0, 0, 0]:5.0f} .. {table[0, 7, 7]:5.0f}: {part.mean():.3f}")
    ranks = np.corrcoef(np.argsort(np.argsort(rows @ weights)), np.argsort(np.argsort(bits)))
    print(f"rank correlation {ranks[0, 1]:.4f}, of {len(bits)} files")


def _read(location: str) -> np.ndarray:
    halves = []
    for path in list_images(location):
        with Image.open(path) as image:
            half = image.convert("RGB").reduce(2)
        if min(half.size) >= _SIDE:
            halves.append(np.asarray(half)[:_SIDE, :_SIDE])
    return np.stack(halves)


def _encode(image: np.ndarray, table: np.ndarray) -> bytes:
    file = io.BytesIO()
    qtables = [t.astype(int).ravel().tolist() for t in table]
    Image.fromarray(image).save(
        file, "JPEG", qtables=qtables, subsampling="4:2:0", optimize=True, progressive=True
    )
    return file.getvalue()


@jax.jit
def _features(images: jax.Array, table: jax.Array) -> jax.Array:
    """What `estimate_bits` weighs, and one for the header: (N, 5)."""

    def bits(weights: jax.Array) -> jax.Array:
        x = jnp.asarray(images, jnp.float32) / 255.0
        tables = jnp.broadcast_to(table, (len(images), *table.shape))
        return jpeg.round_trip(x, tables, bit_weights=weights).bits

    return jax.vmap(bits, out_axes=1)(jnp.eye(5))


if __name__ == "__main__":
    main()
