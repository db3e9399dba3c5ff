"""Builds the package, and exports its models into it."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithModels(build_py):
    def run(self) -> None:
        super().run()
        sys.path.insert(0, str(Path(__file__).parent))
        from jaxshrink.portable.onnx_files import export_onnx
        from jaxshrink.shipped.index import shipped_names

        folder = Path(self.build_lib) / "jaxshrink" / "shipped"
        for name in shipped_names():
            export_onnx(name, folder, ("float32",))


setup(cmdclass={"build_py": BuildWithModels})
