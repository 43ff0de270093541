"""The page the lab serves, and its ten pictures: files of our own making, the same ones that travel by mail.

All of it is read once and answered from memory. A path that leads nowhere gets 404; nothing of the disk but the folder
`pages` can be reached, whatever a path says.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mailtutor import paths

if TYPE_CHECKING:  # a fifth of a second, which nobody who never opens the page has to wait
    from starlette.types import ASGIApp, Receive, Scope, Send

PAGE = "index.html"
# A request that says both is one that somebody made to be read in two ways.
_BOTH_LENGTHS = {b"content-length", b"transfer-encoding"}
_WHOLE = re.compile("^https?://[^/]*/?", re.IGNORECASE)
_TYPES: Mapping[str, str] = {".html": "text/html; charset=utf-8", ".png": "image/png"}


def files() -> dict[str, bytes]:
    """The page and its pictures: name → octets, the page first."""
    folder = paths.content("pages")
    named = sorted(path for path in folder.iterdir() if path.suffix in _TYPES)
    named.sort(key=lambda path: path.name != PAGE)
    return {path.name: path.read_bytes() for path in named}


def pictures() -> dict[str, bytes]:
    """The pictures alone."""
    return {name: octets for name, octets in files().items() if name != PAGE}


def application() -> ASGIApp:
    """What answers requests (ASGI)."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    objects = files()
    tags = {name: f'"{hashlib.sha256(octets).hexdigest()[:12]}"' for name, octets in objects.items()}

    async def answer(request: Request) -> Response:
        name = request.path_params.get("name", PAGE)
        if name not in objects:
            return Response("There is no such thing here.\n", 404, media_type="text/plain")
        fields = {"etag": tags[name]}
        if request.headers.get("if-none-match") == tags[name]:
            return Response(status_code=304, headers=fields)  # the copy they have is still good (RFC 9110 §13.1.2)
        suffix = name[name.rindex(".") :]
        return Response(objects[name], headers=fields | {"content-type": _TYPES[suffix]})

    pages = Starlette(routes=[Route("/", answer), Route("/{name}", answer)])

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if {name for name, _ in scope["headers"]} >= _BOTH_LENGTHS:
            # Who reads the other length takes the body for a request of its own (RFC 9112 §6.1, §11.2).
            refused = Response("Two lengths.\n", 400, {"connection": "close"}, "text/plain")
            await refused(scope, receive, send)
            return
        # A target may be a whole URI (RFC 9112 §3.2.2).
        await pages({**scope, "path": _WHOLE.sub("/", scope["path"])}, receive, send)

    return application
