"""Where the real data sets are: beside the checkout, or in the folder that an environment variable names."""

import csv
import os
from pathlib import Path

import pytest

SETTING = "KOLENA_STORE_REAL_DATA"
DATA = Path(os.environ.get(SETTING) or Path(__file__).parents[2] / "shared" / "data")
NEEDS_REAL_DATA = [
    pytest.mark.real_data,
    pytest.mark.skipif(
        not DATA.is_dir(), reason=f"the real data sets are not at {DATA}; {SETTING} can name their folder"
    ),
]

BRIER_AND_ACCURACY = {
    "nba": (0.2147, 0.6607),
    "mlb": (0.2399, 0.5841),
    "nhl": (0.2313, 0.6246),
    "wnba": (0.2179, 0.6578),
}
"""League -> the numbers of FiveThirtyEight's forecasts of its games, a tie (baseball had one) counting as not won."""

FOOTBALL_WITHOUT_TIES = (0.2208, 0.6440)
N_TIES = 7
N_DECIDED = 1882


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as they stand."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
