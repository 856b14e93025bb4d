"""The process that draws plots, started as `python -m`: jobs come as JSON on stdin, answers leave on stdout.

It reads no address and no file: whatever a specification names outside its own data is refused.
"""

import base64
import json
import os
import sys
from typing import Any

__all__ = ["main"]

SNIPPET = "export { vegaEmbed };"
NOWHERE: tuple[str, ...] = ()
SCALE = 2.0


def main() -> int:
    """Draw the plots and return the exit code."""
    jobs = json.loads(sys.stdin.buffer.read())
    answers = [base64.b64encode(_drawn(job)).decode("ascii") for job in jobs]
    sys.stdout.write(json.dumps(answers))
    sys.stdout.flush()
    return 0


def _drawn(job: dict[str, Any]) -> bytes:
    import vl_convert

    spec, form, allowed = job["spec"], job["format"], list(NOWHERE)
    if form == "bundle":
        return vl_convert.javascript_bundle(SNIPPET).encode("utf-8")
    if form == "svg":
        return vl_convert.vegalite_to_svg(spec, allowed_base_urls=allowed).encode("utf-8")
    if form == "png":
        return bytes(vl_convert.vegalite_to_png(_on_white(spec), scale=SCALE, allowed_base_urls=allowed))
    if form == "pdf":
        return bytes(vl_convert.vegalite_to_pdf(spec, allowed_base_urls=allowed))
    return vl_convert.vegalite_to_html(spec, bundle=True).encode("utf-8")


def _on_white(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a specification with a background: a picture without one is unreadable on a dark page."""
    return {**spec, "background": "white"}


if __name__ == "__main__":
    os._exit(main())  # The threads of the JavaScript engine are not waited for: they may abort the process that ends.
