"""Numbers of a batch, as every workflow computes with them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

__all__ = ["numbers_of"]


def numbers_of(column: "pa.Array") -> "np.ndarray":
    """Return a column of numbers of any type as float64; NULL is NaN."""
    import numpy as np
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)
