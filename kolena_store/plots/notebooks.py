"""Results that show themselves in a notebook as tables and as a plot."""

import hashlib

from kolena_store.display import Printable, joined_html
from kolena_store.errors import StoreError
from kolena_store.plots.drawing import inlined
from kolena_store.plots.plot import Plot

__all__ = ["Plotted"]

ID_LENGTH = 8


class Plotted(Printable):
    """A result that has a plot of its own, which a notebook shows below the tables when plots can be drawn."""

    __slots__ = ()

    def plot(self) -> Plot:
        """Return the plot that says most about it.

        Raises:
            InvalidInput: there is nothing to draw.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how it is drawn: define plot()")

    def _repr_html_(self) -> str:
        tables = joined_html(self.listings())
        try:
            svg = self.plot().svg()
        except StoreError:
            return tables  # Without the extra `ui`, or with nothing to draw, the tables say it all.
        digest = hashlib.sha256(svg.encode("utf-8")).hexdigest()[:ID_LENGTH]
        return f"{tables}\n<div>{inlined(svg, prefix=f'p{digest}')}</div>"
