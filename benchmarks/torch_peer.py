"""The same networks and training step in PyTorch, to be measured against.

`benchmarks.training` and `benchmarks.inference` start this file with the Python that --torch
names, which needs PyTorch, numpy and Pillow, and nothing of this project: in a process of its own,
the two frameworks' threads do not get into each other's way, and each may have the Python that it
wants. It reads names of variants from its standard input, runs each once, and answers with the
seconds. The first line that it prints says what there is.

Both layouts of memory, eager and through `torch.compile`. The architecture, the losses, Adam and
the codec's options are those of `configs/paper.py`; initial weights, which no time depends on, are
PyTorch's.
"""

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812, as everybody calls it
from PIL import Image
from torch import nn

_QUALITY = 50


def create_com(features: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, features, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(features, features, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(features, 3, 3, padding=1),
    )


def create_rec(features: int, num_layers: int) -> nn.Sequential:
    layers = [nn.Conv2d(3, features, 3, padding=1), nn.ReLU(inplace=True)]
    for _ in range(num_layers - 2):
        layers += [nn.Conv2d(features, features, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(features, 3, 3, padding=1))


def reconstruct(rec: nn.Module, y_hat: torch.Tensor) -> torch.Tensor:
    enlarged = F.interpolate(y_hat, scale_factor=2, mode="bicubic")
    return enlarged + rec(enlarged)


class Variant:
    """One layout, eager or compiled.

    Args:
      options: what the command line says.
      channels_last: the layout of memory.
      compiled: whether `torch.compile` is used.
    """

    def __init__(self, options: argparse.Namespace, channels_last: bool, compiled: bool) -> None:
        self._options = options
        self._format = torch.channels_last if channels_last else torch.contiguous_format
        self._device = torch.device(options.device)
        self._dtype = getattr(torch, options.dtype)
        self._com = create_com(options.features).to(self._device, memory_format=self._format)
        rec = create_rec(options.features, options.layers)
        self._rec = rec.to(self._device, memory_format=self._format)
        self._compile: Callable = torch.compile if compiled else lambda function: function
        self._pool = ThreadPoolExecutor(os.cpu_count())

    def prepare_training(self) -> Callable[[], None]:
        """The whole alternation, in the paper's order."""
        com, rec, options = self._com, self._rec, self._options
        com_adam = torch.optim.Adam(com.parameters(), 1e-3)
        rec_adam = torch.optim.Adam(rec.parameters(), 1e-3)

        def loss(x_hat: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
            return torch.sum(torch.square(x_hat - x)) / (2 * options.batch)

        compact = self._compile(lambda x: (com(x).clamp(0, 1) * 255).round().to(torch.uint8))
        rec_loss = self._compile(lambda x, y_hat: loss(reconstruct(rec, y_hat), x))
        com_loss = self._compile(lambda x: loss(reconstruct(rec, com(x)), x))
        pixels = np.random.default_rng(0).integers(
            0, 256, (options.batch, options.height, options.width, 3), np.uint8
        )

        def update(adam: torch.optim.Adam, function: Callable, *arrays: torch.Tensor) -> None:
            adam.zero_grad()
            with self._autocast():
                value = function(*arrays)
            value.backward()
            adam.step()

        def step() -> None:
            x = self._on_device(pixels)
            with torch.no_grad(), self._autocast():
                y = compact(x)
            y_hat = self._on_device(self._through_jpeg(y))
            rec.requires_grad_(True)
            update(rec_adam, rec_loss, x, y_hat)
            rec.requires_grad_(False)
            update(com_adam, com_loss, x)
            self._wait()

        return step

    def prepare_inference(self) -> Callable[[], None]:
        """RecCNN, 8 bits in and out."""
        options, rec = self._options, self._rec.eval()
        pixels = np.random.default_rng(0).integers(
            0, 256, (options.batch, options.height // 2, options.width // 2, 3), np.uint8
        )

        def restore(y_hat: torch.Tensor) -> torch.Tensor:
            return (reconstruct(rec, y_hat).clamp(0, 1) * 255).round().to(torch.uint8)

        restore = self._compile(restore)

        def run() -> None:
            with torch.inference_mode(), self._autocast():
                restore(self._on_device(pixels)).cpu()

        return run

    def _on_device(self, pixels: np.ndarray) -> torch.Tensor:
        images = torch.from_numpy(pixels).to(self._device).permute(0, 3, 1, 2)
        return (images.float() / 255).contiguous(memory_format=self._format)

    def _through_jpeg(self, y: torch.Tensor) -> np.ndarray:
        images = y.permute(0, 2, 3, 1).cpu().numpy()
        return np.stack(list(self._pool.map(_round_trip, images)))

    def _autocast(self) -> torch.autocast:
        reduced = self._dtype != torch.float32
        dtype = self._dtype if reduced else torch.bfloat16
        return torch.autocast(self._device.type, dtype, enabled=reduced)

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize()


def _round_trip(image: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return np.asarray(Image.open(file))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("training", "inference"))
    for name in ("batch", "height", "width", "features", "layers"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options = parser.parse_args()
    torch.set_num_threads(os.cpu_count() or 1)
    variants = {
        f"{'compiled' if compiled else 'eager'}{', channels last' if last else ''}": (
            last,
            compiled,
        )
        for compiled in (False, True)
        for last in (False, True)
    }
    _answer({"torch": torch.__version__, "device": options.device, "variants": list(variants)})
    prepared: dict[str, Callable[[], None]] = {}
    for line in sys.stdin:
        name = line.strip()
        start = time.perf_counter()
        try:
            if name not in prepared:
                variant = Variant(options, *variants[name])
                prepared[name] = getattr(variant, f"prepare_{options.what}")()
            prepared[name]()
        except Exception as error:  # `torch.compile` does not work everywhere
            _answer({"error": " ".join(str(error).split())[:200]})
            continue
        _answer({"seconds": time.perf_counter() - start})


def _answer(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
