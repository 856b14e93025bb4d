"""The first page."""

from starlette.responses import Response

from kolena_store.inspection.overview import overview
from kolena_store.web.pages.frames import Desk, page

__all__ = ["overview_page"]


def overview_page(desk: Desk) -> Response:
    """Return datasets, suites, what got worse, and the latest runs."""
    return page(desk, "overview.html", heading="Overview", found=overview(desk.look.session))
