"""One small benchmark that several tests look at."""

import json
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
import pytest
from PIL import Image

from configs import quick
from jaxshrink.cli.main import main
from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.models import create_networks, init_variables
from jaxshrink.runs import workdir as workdirs


def save_photographs(folder: Path, size: tuple[int, int] = (181, 176)) -> None:
    """Writes crops of both photographs of the packaged test cohort."""
    folder.mkdir()
    for path in packaged_photographs("test"):
        pixels = read_image(path, 3, 10**6)[100 : 100 + size[0], 150 : 150 + size[1]]
        Image.fromarray(pixels).save(folder / f"{path.stem}.png")


def save_model(folder: Path) -> None:
    """Writes a working directory with a small, untrained model for colour images."""
    config = quick.get_config()
    config.model.com.features = config.model.rec.features = 4
    config.model.rec.num_layers = 3
    networks = create_networks(config.model.to_dict())
    variables = init_variables(networks, jax.random.key(0), jax.random.key(1))
    workdirs.claim(folder, json.loads(config.to_json()))
    store = workdirs.best_checkpoints(folder)
    store.save(1, jax.tree.map(np.asarray, variables), {"score": 0.5})
    store.close()


class BenchRun(NamedTuple):
    """A folder with images/, a model in model/ and results in out/; and the command line."""

    folder: Path
    arguments: list[str]


@pytest.fixture(scope="session")
def bench_run(tmp_path_factory: pytest.TempPathFactory) -> BenchRun:
    folder = tmp_path_factory.mktemp("bench")
    save_photographs(folder / "images")
    save_model(folder / "model")
    arguments = ["bench", str(folder / "images"), "-j", "1", "-o", str(folder / "out")]
    arguments += ["--methods", f"webp,{folder / 'model'}@webp", "--window", "0.1:4"]
    for sweep in ("jpeg=10,30,75", "jpeg-optimized=10,30,75", "webp=10,60", "model@webp=20,60"):
        arguments += ["--qualities", sweep]
    assert main(arguments) == 0
    return BenchRun(folder, arguments)
