"""Plots inside a report: drawn as SVG beforehand, or left to the bundle that comes with the page."""

import base64
import hashlib
import re
from collections.abc import Sequence

from markupsafe import Markup

from kolena_store.plots import Plot, draw, inlined, javascript_bundle

__all__ = ["bundle_script", "pictures", "script_digest"]

WIDTH = 620
LAUNCH = """
for (const figure of document.querySelectorAll("figure.plot")) {
  const spec = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const refuse = () => Promise.reject(new Error("a report loads nothing"));
  vegaEmbed(figure.querySelector(".canvas"), spec, {
    mode: "vega-lite", ast: true, actions: false, renderer: "svg", defaultStyle: false, logLevel: 1,
    tooltip: { disableDefaultStyle: true }, loader: { load: refuse, sanitize: refuse },
  });
}
"""


def pictures(plots: Sequence[Plot]) -> list[Markup]:
    """Return each plot as SVG that may stand in a page beside others.

    Raises:
        MissingExtra: the packages of the extra `ui` are not installed.
    """
    drawn = draw([(plot.document(width=WIDTH, titled=False), "svg") for plot in plots])
    return [Markup(inlined(svg.decode("utf-8"), prefix=f"p{place}")) for place, svg in enumerate(drawn)]


def bundle_script() -> str:
    """Return the script that draws the plots of a page, and answers to the pointer."""
    bundle = javascript_bundle().decode("utf-8")
    return _without_export(bundle) + LAUNCH


def script_digest(script: str) -> str:
    """Return what a policy names a script by."""
    return base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")


def _without_export(bundle: str) -> str:
    """Return the bundle as a script of its own, in which `vegaEmbed` is a name."""
    exported = re.search(
        r"export\s*\{\s*([\w$]+)\s+as\s+vegaEmbed\s*,?\s*\}\s*;?|export\s*\{\s*vegaEmbed\s*\}\s*;?", bundle
    )
    if exported is None:
        return bundle
    name = exported[1]
    return bundle[: exported.start()] + (f"const vegaEmbed = {name};" if name else "") + bundle[exported.end() :]
