"""Any other codec, by the command that runs its encoder."""

import dataclasses
import hashlib
import re
import shlex
import shutil
import stat
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink.bench.methods.base import TimedTrip
from jaxshrink.bench.programs import run_program
from jaxshrink.data import read_image
from jaxshrink.errors import ConfigError, DataError, MethodError, MissingExtraError
from jaxshrink.optional import import_extra

_INPUT = re.compile(r"\{input\}(\.\w+)?")
_JXL_SIGNATURES = (b"\xff\x0a", b"\x00\x00\x00\x0cJXL ")
DEFAULT_TIMEOUT = 300.0
_MAX_NAME = 100
# What a program may write: far more than the pixels as they are, 16 bits each and alpha included.
_BYTES_PER_SAMPLE, _MORE_BYTES = 8, 2**26
_QUALITIES = (10, 20, 30, 50, 70, 90)


@dataclasses.dataclass(frozen=True)
class ExternalMethod:
    """A program that turns an image into a file that Pillow, with its plugins, can read.

    Attributes:
      name: the user's.
      template: a command with {input}, {output} and {quality}. An ending may follow {input},
        which is a PNG without one, and {output}. No shell runs it.
      timeout: seconds that it may take for an image.
    """

    name: str
    template: str
    qualities: tuple[float, ...] = _QUALITIES
    parallel: bool = True
    timeout: float = DEFAULT_TIMEOUT

    @classmethod
    def parse(cls, text: str, timeout: float = DEFAULT_TIMEOUT) -> "ExternalMethod":
        """Reads "NAME=COMMAND".

        Raises:
          ConfigError: if it is not of this form, or the program is not installed.
        """
        name, equals, template = text.partition("=")
        missing = [f for f in ("{input}", "{output}", "{quality}") if f not in template]
        if not equals or not 0 < len(name) <= _MAX_NAME or "/" in name or missing:
            raise ConfigError(
                f"--external {text!r}: expected 'NAME=COMMAND {{input}} {{output}} -q {{quality}}'"
            )
        method = cls(name, template, timeout=timeout)
        method._program()
        if method._input_ending() not in Image.registered_extensions():
            raise ConfigError(f"--external {name}: Pillow writes no {method._input_ending()} files")
        return method

    @property
    def description(self) -> str:
        return self.template

    @property
    def identity(self) -> str:
        try:
            program = self._program().read_bytes()
        except OSError as error:
            raise ConfigError(
                f"--external {self.name}: its program cannot be read ({error.strerror})"
            ) from None
        return f"{self.template} {hashlib.sha256(program).hexdigest()}"

    def check(self, channels: int, qualities: Sequence[float]) -> None:
        _ = self.identity

    def trip(self, x: np.ndarray, quality: float) -> TimedTrip:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            source = folder / f"input{self._input_ending()}"
            Image.fromarray(x[:, :, 0] if x.shape[2] == 1 else x).save(source)
            start = time.perf_counter()
            self._run(source, folder / "output", quality, x.size)
            middle = time.perf_counter()
            output = self._output(folder)
            try:
                data = output.read_bytes()
                if data.startswith(_JXL_SIGNATURES):
                    import_extra("pillow_jxl", "jxl")
                x_hat = read_image(output, x.shape[2], max_pixels=x.shape[0] * x.shape[1])
            except (DataError, MissingExtraError, OSError) as error:
                raise MethodError(f"{self.name}: its output cannot be read ({error})") from error
            end = time.perf_counter()
        if x_hat.shape != x.shape:
            raise MethodError(f"{self.name}: its output has another size than its input")
        return TimedTrip(data, x_hat, middle - start, end - middle)

    def _program(self) -> Path:
        words = self._words()
        found = shutil.which(words[0]) if words else None
        if found is None or not Path(found).is_file():
            raise ConfigError(f"--external {self.name}: no program {words[:1]} on this machine")
        return Path(found)

    def _words(self) -> list[str]:
        try:
            return shlex.split(self.template)
        except ValueError as error:
            raise ConfigError(f"--external {self.name}: {error}") from None

    def _input_ending(self) -> str:
        found = _INPUT.search(self.template)
        return (found and found[1]) or ".png"

    def _run(self, source: Path, output: Path, quality: float, num_samples: int) -> None:
        # Replaced, not formatted: a command may hold braces of its own.
        values = {"{output}": str(output), "{quality}": f"{quality:g}"}
        command = []
        for word in self._words():
            word = _INPUT.sub(lambda _: str(source), word)
            for field, value in values.items():
                word = word.replace(field, value)
            command.append(word)
        max_bytes = _BYTES_PER_SAMPLE * num_samples + _MORE_BYTES
        try:
            run_program(command, source.parent, self.timeout, max_bytes)
        except MethodError as error:
            raise MethodError(f"{self.name}: {error}") from None

    def _output(self, folder: Path) -> Path:
        outputs = sorted(folder.glob("output*"))
        if len(outputs) != 1:
            raise MethodError(f"{self.name}: wrote {len(outputs)} files instead of one")
        if not stat.S_ISREG(outputs[0].lstat().st_mode):
            raise MethodError(f"{self.name}: its output is no file")
        return outputs[0]
