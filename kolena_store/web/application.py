"""The app: routes, errors that users meet as pages, and a few threads that read the store."""

import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from kolena_store.errors import DamagedStore, LimitExceeded, StoreError, UnknownName
from kolena_store.inspection.samples import field_of_sample
from kolena_store.inspection.scopes import dataset_seen
from kolena_store.inspection.workbench import Workbench
from kolena_store.web.images import image_place, kept_remote_picture, picture, remote_picture
from kolena_store.web.pages.attributions import attribution_page
from kolena_store.web.pages.cases import case_page
from kolena_store.web.pages.comparisons import comparison_page
from kolena_store.web.pages.frames import Desk, page
from kolena_store.web.pages.leaderboards import leaderboard_page
from kolena_store.web.pages.overviews import overview_page
from kolena_store.web.pages.runs import runs_page
from kolena_store.web.pages.samples import sample_page, samples_page
from kolena_store.web.pages.slices import measured_part, save_slice, slices_page
from kolena_store.web.pages.standards import standards_page
from kolena_store.web.reading_threads import ReadingThreads
from kolena_store.web.recent_failures import RecentFailures
from kolena_store.web.remote_images import is_remote
from kolena_store.web.security import HEADERS, Guard
from kolena_store.web.settings import WebSettings
from kolena_store.web.states import State
from kolena_store.web.static_files import bundle, static_file

__all__ = ["create_application"]

LARGEST_FORM = 256 * 1024
LONGEST_NUMBER = 13
MOST_FIELDS = 200
SMALL = "small"
N_FETCHING = 6

Picture = tuple[bytes, str]
"""An image and its media type."""

PAGES: tuple[tuple[str, Callable[[Desk], Response]], ...] = (
    ("/", overview_page),
    ("/leaderboard", leaderboard_page),
    ("/compare", comparison_page),
    ("/case", case_page),
    ("/samples", samples_page),
    ("/sample", sample_page),
    ("/slices", slices_page),
    ("/slices/measured", measured_part),
    ("/runs", runs_page),
    ("/attribution", attribution_page),
    ("/standards", standards_page),
)


def create_application(root: Path, settings: WebSettings | None = None, *, warm: bool = False) -> Starlette:
    """Return the app over a store, which it only reads.

    Args:
        root: the store's directory.
        settings: how it was started.
        warm: whether to make what draws plots before the first page asks for it.
    """
    bench, chosen, threads = Workbench(root), settings or WebSettings(), ReadingThreads()
    # Hosts of images may be slow: they keep threads of their own waiting, and no page.
    fetching, failures = ReadingThreads(N_FETCHING), RecentFailures()

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if warm:
            threading.Thread(target=_made_quietly, daemon=True).start()
        try:
            yield
        finally:
            fetching.close()
            threads.close()
            bench.close()

    routes = [Route(path, threads.answering(partial(_answer, bench, chosen, shown))) for path, shown in PAGES]
    return Starlette(
        routes=[
            *routes,
            Route("/slices/save", partial(_save, bench, chosen, threads), methods=["POST"]),
            Route("/image", partial(_image, partial(_asked_image, bench, chosen, failures), threads, fetching)),
            Route("/static/{name}", static_file),
        ],
        middleware=[Middleware(Guard, settings=chosen), Middleware(GZipMiddleware, compresslevel=5)],
        exception_handlers={404: _no_page, Exception: _bug},
        lifespan=lifespan,
    )


def _answer(bench: Workbench, settings: WebSettings, shown: Callable[[Desk], Response], request: Request) -> Response:
    """Return a page, or what stands in its way as one."""
    try:
        desk = _desk(bench, settings, request)
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", status_code=503)
    try:
        return shown(desk)
    except StoreError as error:
        return _problem(desk, error)


def _desk(bench: Workbench, settings: WebSettings, request: Request) -> Desk:
    state = State(request.url.path, request.query_params)
    return Desk(look=bench.look(), settings=settings, state=state)


def _problem(desk: Desk, error: StoreError) -> Response:
    heading, status = "That can't be shown", 422
    if isinstance(error, UnknownName):
        heading, status = "There is no such thing", 404
    elif isinstance(error, DamagedStore):
        heading, status = "The store is damaged", 500
    elif isinstance(error, LimitExceeded):
        heading, status = "That took too much", 422
    return page(desk, "problem.html", heading=heading, message=str(error), status=status)


async def _save(bench: Workbench, settings: WebSettings, threads: ReadingThreads, request: Request) -> Response:
    """Add a slice to the suite file."""
    try:
        form = await _form(request)
    except ClientDisconnect:
        return PlainTextResponse("the form did not arrive\n", status_code=400)
    if form is None:
        return PlainTextResponse("the form is too large\n", status_code=413)
    try:
        pairs = parse_qsl(form.decode("ascii"), max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError:
        return PlainTextResponse("the form can't be read\n", status_code=400)
    fields, models = dict(pairs), [value for name, value in pairs if name == "model"]
    saved = partial(save_slice, form=fields, models=models)
    return await threads.run(partial(_answer, bench, settings, saved, request))


async def _form(request: Request) -> bytes | None:
    """Return the body of a form; None: it is too large, of which no more is read, whatever length was announced."""
    length = request.headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) < LONGEST_NUMBER) or int(length) > LARGEST_FORM:
        return None
    read = bytearray()
    async for piece in request.stream():
        read += piece
        if len(read) > LARGEST_FORM:
            return None
    return bytes(read)


async def _image(
    asked: Callable[[Request], Picture | Callable[[], Picture]],
    threads: ReadingThreads,
    fetching: ReadingThreads,
    request: Request,
) -> Response:
    """Return the image of a sample; one elsewhere is fetched by threads that are there for that alone."""
    try:
        found = await threads.run(partial(asked, request))
        content, kind = await fetching.run(found) if callable(found) else found
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", status_code=404)
    return Response(content, media_type=kind, headers={"cache-control": "private, max-age=3600"})


def _asked_image(
    bench: Workbench, settings: WebSettings, failures: RecentFailures, request: Request
) -> Picture | Callable[[], Picture]:
    """Return the image that a sample names, which an address never does by its path, or what will fetch it."""
    desk = _desk(bench, settings, request)
    scope = dataset_seen(desk.look, desk.state.needed("dataset"))
    number, name = desk.state.number("sample", 0), desk.state.needed("field")
    value = field_of_sample(desk.look.session, scope, number, name)
    is_small = desk.state.text("size") == SMALL
    if is_remote(value):
        kept = kept_remote_picture(str(value), settings.image_hosts, is_small=is_small)
        return kept or partial(remote_picture, str(value), settings.image_hosts, failures, is_small=is_small)
    return picture(image_place(value, settings.image_roots), settings.image_roots, is_small=is_small)


def _no_page(request: Request, _: Exception) -> Response:
    return PlainTextResponse(f"there is no page {request.url.path[:200]!r}; start from /\n", status_code=404)


def _bug(_: Request, error: Exception) -> Response:
    """Return what stands in the place of an answer that failed; the server logs the error itself."""
    message = f"this is a bug in kolena_store: {type(error).__name__}; what led to it is logged; please report it\n"
    return PlainTextResponse(message, status_code=500, headers=HEADERS)


def _made_quietly() -> None:
    try:
        bundle()
    except StoreError as error:
        logging.getLogger(__name__).warning("plots will show their words alone: %s", error)
