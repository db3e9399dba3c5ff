"""`python -m jaxshrink` is the command `jaxshrink`."""

import sys

from jaxshrink.cli import main

if __name__ == "__main__":
    sys.exit(main())
