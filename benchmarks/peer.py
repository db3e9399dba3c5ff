"""PyTorch in a process of its own, see `torch_peer.py`."""

import json
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.timing import Times, ratios, summary, text


class Peer:
    """Runs variants of the peer on request; a context manager.

    Args:
      python: the interpreter that has PyTorch.
      what: "training" or "inference".
      options: flags of `torch_peer.py`.

    Attributes:
      version: PyTorch's.
      variants: names of functions, as `timing.interleaved` wants them; those that do not work here
        are left out.
    """

    def __init__(self, python: str, what: str, **options: Any) -> None:
        command = [python, str(Path(__file__).with_name("torch_peer.py")), what]
        command += [f"--{name}={value}" for name, value in options.items()]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        about = self._read()
        self.version = about["torch"]
        self.variants = {}
        for name in about["variants"]:
            answer = self._ask(name)
            if "error" in answer:
                print(f"PyTorch, {name}: does not work here ({answer['error']})", flush=True)
                continue
            self.variants[f"PyTorch, {name}"] = lambda name=name: self._ask(name)["seconds"]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def _ask(self, name: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(name, file=self._process.stdin, flush=True)
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("PyTorch's process ended; its message is above")
        return json.loads(line)


def compare(times: Times, ours: str) -> dict[str, Any]:
    """Prints and returns our time over that of the peer's variant with the least median."""
    peers = {name: values for name, values in times.items() if name.startswith("PyTorch")}
    best = min(peers, key=lambda name: summary(peers[name])["median"])
    ratio = ratios(times[ours], peers[best])
    print(f"{ours} over the best of PyTorch ({best[9:]}): {text(ratio, 2)}", flush=True)
    return {"best": best, "ratio": ratio}
