"""What `import jaxshrink` offers, and what it costs."""

import subprocess
import sys

import jaxshrink
from jaxshrink.compression import api


def test_every_name_is_there():
    assert {name for name in dir(jaxshrink) if getattr(jaxshrink, name) is not None} == {
        *jaxshrink.__all__
    }
    assert (jaxshrink.compress, jaxshrink.expand) == (api.compress, api.expand)
    assert issubclass(jaxshrink.errors.DataError, jaxshrink.errors.JaxshrinkError)


def test_nothing_heavy_is_imported_before_it_is_used():
    code = (
        "import sys, jaxshrink; jaxshrink.errors\n"
        "print(*{'jax', 'flax', 'numpy', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
