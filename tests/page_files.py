"""Files that the pages show, such as ```python tracking.py, for tests that use them as a reader would."""

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent / "docs"


def write_page_files(page: str, folder: Path) -> None:
    """Write the files of a page to a folder."""
    text = (DOCS / page).read_text(encoding="utf-8")
    for name, body in re.findall(r"(?s)```\w+ (\S+)\n(.*?)```", text):
        (folder / name).write_text(body, encoding="utf-8")
