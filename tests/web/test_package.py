"""The npm package: typed, small, and of use to a project that knows nothing but it."""

import gzip
import json
import shutil

import numpy as np
import pytest

from tests.web.conftest import Page, encoded, run

PIXELS = np.full((80, 96, 3), 100, np.uint8)
# Of our code, as it is sent: all that a page loads but the runtime and the weights.
MOST_BYTES = 20_000

_APP = """
import { configure, expand } from 'jaxshrink';
configure({ base: '/jaxshrink/' });
globalThis.expandFile = (blob: Blob): Promise<Blob> => expand(blob, { type: 'image/jpeg' });
declare global { var expandFile: (blob: Blob) => Promise<Blob>; }
"""


def npm(*arguments: object, cwd) -> str:
    program = shutil.which("npm")
    if program is None:
        pytest.skip("needs npm")
    settings = ("--offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    return run(program, *arguments, *settings, cwd=cwd).stdout.decode()


@pytest.fixture(scope="module")
def project(web, site, tmp_path_factory):
    """A fresh project that has installed what `npm pack` makes."""
    package = tmp_path_factory.mktemp("package")
    for name in ("package.json", "README.md"):
        shutil.copy(web / name, package)
    # All but the second runtime, which takes long to pack.
    shutil.copytree(site / "dist", package / "dist", ignore=shutil.ignore_patterns("*.jspi.*"))
    packed = json.loads(npm("pack", "--json", cwd=package))
    (told,) = packed.values() if isinstance(packed, dict) else packed
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"type": "module"}')
    npm("install", package / told["filename"], cwd=folder)
    return folder


def test_types_hold(web):
    run(web / "node_modules/.bin/tsc", "-p", web)


def test_our_code_is_small(site):
    code = [site / "dist" / name for name in ("jaxshrink.js", "worker.js")]
    assert sum(len(gzip.compress(path.read_bytes())) for path in code) < MOST_BYTES


def test_a_fresh_project_bundles_and_runs_it(project, web, browser, serve, maker):
    (project / "app.ts").write_text(_APP)
    public = project / "public"
    shutil.copytree(project / "node_modules" / "jaxshrink" / "dist", public / "jaxshrink")
    bundle = f"--outfile={public / 'app.js'}"
    run(web / "node_modules/.bin/esbuild", "app.ts", "--bundle", bundle, cwd=project)
    options = ("--strict", "--target", "es2022", "--moduleResolution", "bundler", "--types", "")
    run(
        web / "node_modules/.bin/tsc", "--noEmit", *options, "app.ts", "--ignoreConfig", cwd=project
    )
    (public / "index.html").write_text('<!doctype html><script src="app.js"></script>')
    browser.get(serve(public))
    expand = "const { type } = await expandFile(new Blob([bytes(given.file)])); return type;"
    assert Page(browser).call(expand, file=encoded(maker.compact(PIXELS, 1, 50))) == "image/jpeg"


def test_nothing_of_a_registry_is_recorded(web):
    assert "http" not in (web / "package-lock.json").read_text()
