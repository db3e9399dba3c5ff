"""metrics.jsonl of a run that goes on, whatever became of it."""

import pytest

from jaxshrink.errors import CheckpointError
from jaxshrink.training.log import _forget_after


def test_later_and_damaged_lines_are_dropped(tmp_path):
    path = tmp_path / "metrics.jsonl"
    odd = b'\xff\xfe\n5\n{}\n[]\n{"step": "2"}\n{"step": NaN}\n{"step": null}\n\0\0\n'
    path.write_bytes(b'{"step": 2, "loss": 1.0}\n' + odd + b'{"step": 4}\n{"step": 6}\n{"step"')
    _forget_after(path, 4)
    assert path.read_bytes() == b'{"step": 2, "loss": 1.0}\n{"step": 4}\n'
    _forget_after(tmp_path / "none", 4)


def test_a_folder_in_its_place_is_an_error(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot be read|is no file"):
        _forget_after(tmp_path, 4)
