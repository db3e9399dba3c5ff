"""Eight virtual CPU devices, real photographs, warnings as errors (see pyproject.toml).

Dtypes are never promoted in silence, here and in child processes, but where a test or a function
says that a library does.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
)
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["JAX_NUMPY_DTYPE_PROMOTION"] = "strict"

import numpy as np
import pytest

from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.models.weights import save_weights
from tests.chromium import start_chromium
from tests.untrained import untrained_weights

# Where the reference data lies, for the tests that need more than packaged photographs.
_DATA = "JAXSHRINK_DATA"


@pytest.fixture(autouse=True)
def cache_among_the_tests_files(monkeypatch, tmp_path_factory) -> None:
    """Compiled functions are kept among the tests' files, here and in child processes."""
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "caches"))


@pytest.fixture(scope="session")
def photograph() -> np.ndarray:
    """A colour photograph: uint8, (512, 512, 3)."""
    return read_image(packaged_photographs("astronaut.png")[0], 3, 10**6)


@pytest.fixture(scope="session")
def gray_photograph() -> np.ndarray:
    """A grayscale photograph: uint8, (512, 512, 1)."""
    return read_image(packaged_photographs("camera.png")[0], 1, 10**6)


@pytest.fixture(scope="session")
def small_weights():
    """A model of both scales that was never trained, but in which every parameter counts."""
    return untrained_weights()


@pytest.fixture(scope="session")
def model_file(small_weights, tmp_path_factory) -> Path:
    """Its file, for `--model`."""
    path = tmp_path_factory.mktemp("model") / "small.safetensors"
    path.write_bytes(save_weights(small_weights))
    return path


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def reference_data() -> Path:
    folder = os.environ.get(_DATA)
    if not folder:
        pytest.skip(f"set {_DATA} to the folder with the reference data")
    return Path(folder)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A headless Chromium, driven by selenium; its logs are those of all tests before."""
    browser = start_chromium(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.quit()
