"""How large the tests are: as small as shows what they show, unless `--thorough` asks for more (see sampled_cases.py).

Import it from test modules and what only they import: the first conftest is read before the options are.
"""

import os
from typing import TypeVar

from hypothesis import HealthCheck, Phase, settings
from sampled_cases import SETTING

Size = TypeVar("Size")

THOROUGH = os.environ.get(SETTING) == "1"


def sized(usual: Size, thorough: Size) -> Size:
    """Return the size that this run uses."""
    return thorough if THOROUGH else usual


EXAMPLES = int(os.environ.get("KOLENA_STORE_EXAMPLES", str(sized(8, 50))))
"""Of each property that says nothing else."""

FEW = settings(
    max_examples=sized(3, 6),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
"""Each example is a store of its own, so that shrinking one would take minutes."""
