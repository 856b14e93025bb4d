"""A plot: a Vega-Lite dictionary with its data in it, which shows itself in a notebook and saves itself as a file."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kolena_store.errors import InvalidInput, MissingExtra, StoreError, UnreadableFile
from kolena_store.plots.drawing import draw
from kolena_store.plots.themes import EXPORT_WIDTH, SCHEMA, config

if TYPE_CHECKING:
    import altair

__all__ = ["FORMATS", "Plot"]

FORMATS = ("svg", "png", "pdf", "html", "json")
MIME = "application/vnd.vegalite.v6+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot. `summary` says in words what it shows, for those who don't see it; `notes` what it leaves out.

    `spec` is a Vega-Lite 6 specification that holds its data and reads nothing else; its width is "container", or a
    number.
    """

    kind: str
    title: str
    summary: str
    spec: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()

    def document(self, *, width: int | None = None, titled: bool = True) -> dict[str, Any]:
        """Return the whole specification, with theme and title; `width` in pixels, None as wide as its container."""
        spec = {"$schema": SCHEMA, "config": config(), **self.spec}
        if spec.get("width") == "container":
            spec["autosize"] = {"type": "fit-x", "contains": "padding"}
        if titled:
            spec["title"] = self.title
        if width is not None and spec.get("width") == "container":
            spec["width"] = width
        return spec

    def svg(self) -> str:
        """Return the plot as SVG.

        Raises:
            MissingExtra: the packages of the extra `ui` are not installed.
        """
        return draw([(self.document(width=EXPORT_WIDTH), "svg")])[0].decode("utf-8")

    def png(self) -> bytes:
        """Return the plot as PNG, at twice the resolution of a screen."""
        return draw([(self.document(width=EXPORT_WIDTH), "png")])[0]

    def html(self) -> str:
        """Return a page that shows the plot and answers to the pointer; it needs no network."""
        return draw([(self.document(width=EXPORT_WIDTH), "html")])[0].decode("utf-8")

    def save(self, path: str | Path) -> None:
        """Write the plot to a file; its ending says how: .svg, .png, .pdf, .html, or .json for the specification.

        Raises:
            InvalidInput: another ending.
            UnreadableFile: the file can't be written.
        """
        target = Path(path)
        ending = target.suffix.removeprefix(".").lower()
        if ending not in FORMATS:
            known = ", ".join(f".{one}" for one in FORMATS)
            raise InvalidInput(f"{path} says no format that plots have; let it end in one of {known}")
        content = self._as_json() if ending == "json" else draw([(self.document(width=EXPORT_WIDTH), ending)])[0]
        try:
            target.write_bytes(content)
        except OSError as error:
            raise UnreadableFile(f"{path} can't be written ({error.strerror}); name another file") from error

    def altair(self) -> "altair.TopLevelMixin":
        """Return the plot as an Altair chart, to change it further; Altair is yours to install."""
        try:
            import altair
        except ImportError:
            raise MissingExtra("an Altair chart needs Altair: pip install altair") from None
        return altair.Chart.from_dict(self.document(width=EXPORT_WIDTH))

    def _as_json(self) -> bytes:
        return json.dumps(self.document(width=EXPORT_WIDTH), indent=1).encode("utf-8")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        """Show the plot in a notebook: by its own Vega-Lite renderer, else as it is drawn here, else in words."""
        del include, exclude
        shown = {MIME: self.document(width=EXPORT_WIDTH), "text/plain": f"{self.title}\n{self.summary}"}
        with contextlib.suppress(StoreError):
            shown["image/svg+xml"] = self.svg()
        return shown
