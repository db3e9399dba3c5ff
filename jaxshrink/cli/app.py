"""`jaxshrink app`: the page that expands photographs in a browser, on this machine."""

import argparse
import contextlib
import functools
from pathlib import Path

from jaxshrink import console
from jaxshrink.errors import DataError, MissingExtraError

# What `make web` builds; a distribution holds it.
FOLDER = Path(__file__).parents[1] / "webapp"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "app",
        help="the page that expands photographs in a browser",
        description="Serves, to this machine alone, a page that expands what compress made in the"
        " browser: drop files, compare, save. Ctrl-C ends it.",
    )
    parser.set_defaults(run=_run, on_interruption="the page is not served any more")
    add = parser.add_argument
    add("--port", type=int, default=0, help="where to listen (default: a free one)")
    add("--no-browser", action="store_true", help="print the address, and open nothing")
    add("--folder", type=Path, default=FOLDER, help=argparse.SUPPRESS)


def _run(arguments: argparse.Namespace) -> None:
    if not (arguments.folder / "app" / "index.html").is_file():
        raise MissingExtraError("this installation came without the page; `make web` builds it")
    import http.server
    import webbrowser

    from jaxshrink.cli.serving import HOST, PAGE, Handler

    handler = functools.partial(Handler, directory=str(arguments.folder))
    try:
        server = http.server.ThreadingHTTPServer((HOST, arguments.port), handler)
    except (OSError, OverflowError) as error:
        raise DataError(f"cannot listen on port {arguments.port} ({error})") from None
    with server, contextlib.suppress(KeyboardInterrupt):
        address = f"http://{HOST}:{server.server_port}{PAGE}"
        console.say(f"{address}  (Ctrl-C ends it)")
        if not arguments.no_browser:
            webbrowser.open(address)
        server.serve_forever()
