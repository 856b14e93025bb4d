"""What all pages share: the tools they work with, where in the store they are, and the answer that they become."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import HTMLResponse

from kolena_store.inspection.scopes import SuiteScope, suite_seen
from kolena_store.inspection.workbench import Look
from kolena_store.reports.rendering import address, rendered
from kolena_store.web.settings import WebSettings
from kolena_store.web.states import State

__all__ = ["Desk", "here_of", "page", "scope_named"]

TABS = (
    ("Leaderboard", "/leaderboard"),
    ("Compare", "/compare"),
    ("Samples", "/samples"),
    ("Slices", "/slices"),
    ("Runs", "/runs"),
    ("Standards", "/standards"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a page is made with."""

    look: Look
    settings: WebSettings
    state: State


def scope_named(desk: Desk) -> SuiteScope:
    """Return the dataset and the suite that an address names.

    Raises:
        UnknownName: there is no such dataset or suite.
    """
    state = desk.state
    return suite_seen(
        desk.look, state.needed("dataset"), state.text("suite"), configuration=state.text("configuration")
    )


def here_of(scope: SuiteScope, desk: Desk) -> Mapping[str, Any]:
    """Return where a page is: dataset, suite, and the pages beside it, which keep models and baseline."""
    kept = {
        "dataset": scope.of.dataset.name,
        "suite": scope.suite.name,
        "configuration": scope.configuration if len(scope.configurations) > 1 else None,
    }
    models = list(desk.state.texts("model"))
    tabs = []
    for title, path in TABS:
        more: dict[str, object] = {"model": models} if path in ("/leaderboard", "/samples", "/slices") else {}
        tabs.append({"title": title, "href": address(path, **kept, **more), "is_here": desk.state.path == path})
    return {"dataset": scope.of.dataset.name, "suite": scope.suite.name, "tabs": tabs}


def page(desk: Desk, template: str, *, heading: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page."""
    shared = {"heading": heading, "state": desk.state, "store": desk.look.session.root.name}
    text = rendered(template, {**shared, **values})
    return HTMLResponse(text, status_code=status, headers={"cache-control": "no-cache"})
