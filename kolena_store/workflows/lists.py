"""Lists with an element for every class, as sample metrics hold them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["element_lists"]


def element_lists(values: "np.ndarray", kind: "pa.DataType | None" = None) -> "pa.Array":
    """Return a list of each row's values, of the type `kind` (by default float64); what is not finite is NULL."""
    import numpy as np
    import pyarrow as pa

    n_rows, n_elements = values.shape
    flat = values.ravel()
    elements = pa.array(np.nan_to_num(flat), mask=~np.isfinite(flat))
    offsets = pa.array(np.arange(n_rows + 1, dtype=np.int32) * n_elements)
    return pa.ListArray.from_arrays(offsets, elements if kind is None else elements.cast(kind))
