"""Values of fields to click on: each adds itself to the condition of a page."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kolena_store.datasets import Field
from kolena_store.inspection.distributions import fields_to_show, parts_of
from kolena_store.inspection.members import everything, predicate_members
from kolena_store.inspection.scopes import SuiteScope
from kolena_store.membership.bitmaps import to_flags
from kolena_store.web.pages.frames import Desk

if TYPE_CHECKING:
    import numpy as np

__all__ = ["choices_of"]


def choices_of(desk: Desk, scope: SuiteScope, *, is_usable: bool, most_open: int) -> list[Mapping[str, Any]]:
    """Return the fields with their values: how many samples have each, and the address that adds it.

    Args:
        desk: the page.
        scope: the dataset.
        is_usable: whether the condition of the page is; samples are counted under it then.
        most_open: how many fields show their values when the address names none of them (`open`).
    """
    where, wanted = (desk.state.text("where") or "").strip(), desk.state.texts("open")
    fields = fields_to_show(scope.of)
    shown = [field for place, field in enumerate(fields) if field.name in wanted or (place < most_open and not wanted)]
    flags = _flags(desk, scope, where if is_usable else "") if shown else None
    return [
        {
            "name": field.name,
            "type": field.type,
            "is_open": field in shown,
            "parts": _parts(desk, scope, field, where=where, flags=flags) if field in shown else [],
            "href": desk.state.link(open=[*wanted, field.name]),
        }
        for field in fields
    ]


def _flags(desk: Desk, scope: SuiteScope, where: str) -> "np.ndarray":
    words = everything(desk.look, scope.of)
    if where:
        words = words & predicate_members(desk.look, scope.of, where)
    return to_flags(words, scope.of.dataset.next_sample)


def _parts(desk: Desk, scope: SuiteScope, field: Field, *, where: str, flags: Any) -> list[Mapping[str, Any]]:
    parts = parts_of(desk.look, scope.of, field)
    most = max((part.samples.size for part in parts), default=1) or 1
    end = "\n" if "--" in where else ""  # a comment would take the bracket in
    shown: list[Mapping[str, Any]] = []
    for part in parts:
        n_here = int(flags[part.samples].sum())
        added = part.predicate if not where else f"({where}{end}) AND {part.predicate}"
        shown.append(
            {
                "label": part.label,
                "href": desk.state.link(where=added, saved=None, page=None) if part.predicate else None,
                "n_here": n_here,
                "width_all": round(100 * part.samples.size / most, 1),
                "width_here": round(100 * n_here / most, 1),
            }
        )
    return shown
