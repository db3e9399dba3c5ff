"""Every command that the documentation names exists, with the flags that it is given."""

import importlib
import re
import shlex
import textwrap
from pathlib import Path

import pytest

from jaxshrink.cli.main import _parser

REPOSITORY = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", *(f"docs/{p.name}" for p in REPOSITORY.glob("docs/*.md"))]
_STARTS = ("jaxshrink ", "python -m jaxshrink", "python -m benchmarks.", "python launch.py")
# What stands for something of the reader's, and could be anything.
_OMITTED = re.compile(r"\.\.$|^\.\.\.$|^\[|\]$|\|")


def commands(text):
    """The commands in blocks of code and between backticks, without comments; lines joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    blocks += [
        textwrap.dedent(block) for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    ]
    lines = "\n".join(blocks).replace("\\\n", "").splitlines()
    lines += re.findall(r"`([^`\n]+)`", text)
    for line in lines:
        for part in re.split(r"&&|\|(?= )", line):
            command = part.strip().removeprefix(".venv/bin/")
            if command.startswith(_STARTS):
                yield shlex.split(command, comments=True)


def check_jaxshrink(arguments):
    """Parsed by the command itself, if it is a whole command line."""
    is_whole = any(
        argument.isupper() or "." in argument or "/" in argument for argument in arguments
    )
    if not is_whole or any(_OMITTED.search(argument) for argument in arguments):
        return
    with_values = [argument.replace("BYTES", "20k") for argument in arguments]
    try:
        _parser().parse_args(with_values)
    except SystemExit as end:
        assert end.code == 0, arguments


def check_benchmark(name, arguments):
    module = importlib.util.find_spec(name)
    assert module is not None and module.origin is not None, name
    source = Path(module.origin).read_text()
    for flag in (argument.split("=")[0] for argument in arguments if argument.startswith("--")):
        assert f'"{flag}"' in source, f"{name} has no {flag}"


def check_training(arguments):
    """The config is there, and has the fields."""
    config = next((a.split("=", 1)[1] for a in arguments if a.startswith("--config=")), None)
    if config is None:
        return
    path, _, variant = config.partition(":")
    assert (REPOSITORY / path).is_file(), path
    module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    fields = module.get_config(*([variant] if variant.isalpha() and not variant.isupper() else []))
    for argument in arguments:
        if argument.startswith("--config."):
            value = fields
            for name in argument.split("=")[0].removeprefix("--config.").split("."):
                assert name in value, argument
                value = value[name]


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page):
    for command in commands((REPOSITORY / page).read_text()):
        if command[0] == "jaxshrink":
            check_jaxshrink(command[1:])
        elif command[2].startswith("benchmarks."):
            check_benchmark(command[2], command[3:])
        elif command[1] == "launch.py" or command[2] == "jaxshrink.train":
            check_training(command[2:])


def test_the_documentation_names_commands():
    found = [c for page in PAGES for c in commands((REPOSITORY / page).read_text())]
    assert len(found) > 60
    assert {"compress", "expand", "info", "bench"} <= {c[1] for c in found if c[0] == "jaxshrink"}


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (REPOSITORY / page).read_text()
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if "://" not in target:
            assert (REPOSITORY / page).parent.joinpath(target).exists(), f"{page}: {target}"
