"""Exit codes are what the documentation says."""

import re
from pathlib import Path

from jaxshrink import errors

REPOSITORY = Path(__file__).parents[1]
_TABLE = re.compile(r"\| code \| meaning \|\n\|[-| ]+\|\n((?:\|.*\|\n)+)")
_ROW = re.compile(r"\| (\d+) *\| (.*?) *\|\n")


def tables():
    for path in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))):
        for rows in _TABLE.findall(path.read_text()):
            yield {int(code): meaning for code, meaning in _ROW.findall(rows)}


def test_one_table_says_all_of_them_and_no_table_says_others():
    found = list(tables())
    assert errors.EXIT_CODES in found
    assert all(table.keys() <= errors.EXIT_CODES.keys() for table in found)


def test_every_error_has_a_code_of_its_own():
    kinds = errors.JaxshrinkError.__subclasses__()
    codes = [kind.exit_code for kind in kinds if kind.__module__ == errors.__name__]
    assert len(set(codes)) == len(codes)
    assert {0, 1, *codes, errors.INTERRUPTED} == errors.EXIT_CODES.keys()
