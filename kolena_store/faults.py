"""Named places at which a test lets a writing process die or run out of room; nothing else ever does.

The environment variable `KOLENA_STORE_FAULT` holds an action and a place, such as `kill catalogue: before replace`:

- `kill`: the process ends there at once, as by a power cut;
- `full`: the system says there that the disk is full;
- `note`: no place but a file, to which the name of every place that is passed is added.
"""

import errno
import os
import signal
from pathlib import Path

__all__ = ["SETTING", "reach"]

SETTING = "KOLENA_STORE_FAULT"


def reach(place: str) -> None:
    """Go on, unless a test has something happen at this place."""
    wanted = os.environ.get(SETTING)
    if wanted is not None:
        _act(wanted, place)


def _act(wanted: str, place: str) -> None:
    action, _, target = wanted.partition(" ")
    if action == "note":
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(f"{place}\n")
    elif action == "kill" and target == place:
        os.kill(os.getpid(), signal.SIGKILL)
    elif action == "full" and target == place:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
