"""What is released: a wheel that works without the repository."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile

import pytest
from PIL import Image

from jaxshrink import __version__
from tests.test_launch import REPOSITORY, TINY


def run(*command, cwd, **environment):
    """Ends the test if a command fails; returns what it printed."""
    known = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=known | environment,
    )
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-2000:]
    return ended.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of what git knows, so that nothing else can get into what is built."""
    source = tmp_path_factory.mktemp("source")
    files = run("git", "ls-files", "-z", cwd=REPOSITORY).split("\0")[:-1]
    run("tar", "-cf", source / "copy.tar", "--", *files, cwd=REPOSITORY)
    run("tar", "-xf", "copy.tar", cwd=source)
    return source


@pytest.fixture(scope="module")
def wheel(source, tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, cwd=source)
    assert sorted(path.suffix for path in out.iterdir()) == [".gz", ".whl"]
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """An environment that holds the wheel, and finds what it depends on where the tests do."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    (site,) = folder.glob("lib/python*/site-packages")
    # Paths in a .pth do not have their own .pth read: the repository itself is not found.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return folder / "bin" / "python"


def test_it_holds_the_package_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {
        "jaxshrink",
        f"jaxshrink-{__version__}.dist-info",
    }
    for needed in (
        "py.typed",
        "shipped/photo3.safetensors",
        "compression/forecast.json",
        "bench/report/assets/page.html",
        "configs/paper.py",
    ):
        assert f"jaxshrink/{needed}" in names


def test_it_compresses_and_expands(python, photograph, tmp_path):
    Image.fromarray(photograph[:180, :200]).save(tmp_path / "a.png")
    run(python, "-m", "jaxshrink", "compress", "a.png", "-o", "a.jpg", cwd=tmp_path)
    run(python, "-m", "jaxshrink", "expand", "a.jpg", "-o", "b.png", cwd=tmp_path)
    with Image.open(tmp_path / "b.png") as expanded:
        assert expanded.size == (200, 180)
    told = run(python, "-c", "import jaxshrink; print(jaxshrink.__file__)", cwd=tmp_path)
    assert str(python.parents[1]) in told


def test_it_trains(python, tmp_path):
    flags = [*TINY, "--config.num_epochs=1", "--config.evaluation.after_training=False"]
    command = [python, "-m", "jaxshrink.train", *flags, f"--workdir={tmp_path / 'run'}"]
    run(*command, cwd=tmp_path, JAX_NUM_CPU_DEVICES="1")
    assert (tmp_path / "run" / "config.json").exists()


def test_the_light_one_holds_exported_models_in_place_of_weights(source, tmp_path):
    build = [sys.executable, "-m", "build", "--no-isolation", "--wheel", "--outdir", tmp_path]
    run(*build, cwd=source / "light")
    (wheel,) = tmp_path.glob("jaxshrink_light-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = {name for name in archive.namelist() if "/shipped/" in name}
        (metadata,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        needed = archive.read(metadata).decode()
    for name in ("photo3.json", "photo3-half.onnx", "photo3-full.onnx", "index.py"):
        assert f"jaxshrink/shipped/{name}" in shipped
    assert not any(name.endswith(".safetensors") for name in shipped)
    needs = re.findall(r"^Requires-Dist: ([\w-]+)", needed, re.MULTILINE)
    assert "onnxruntime" in needs and "jax" not in needs
