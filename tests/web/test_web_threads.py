"""The threads that read the store for pages: a process that served some ends as any other does."""

import subprocess
import sys
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from kolena_store.web.application import create_application

PROGRAM = """
import sys
from pathlib import Path
from starlette.testclient import TestClient
from kolena_store.web.application import create_application

client = TestClient(create_application(Path(sys.argv[1])))
for address in ("/slices/measured?dataset=spam&suite=everyday&where=length+%3C+50", "/"):
    print(client.get(address).status_code)
"""


@pytest.mark.parametrize("time", range(3))
def test_a_process_that_never_closed_the_app_ends_well(spam_root: Path, time: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(spam_root)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout.split()) == (0, ["200", "200"]), done.stderr


def test_an_app_can_be_started_again(spam_root: Path) -> None:
    application = create_application(spam_root)
    for _ in range(2):
        with TestClient(application) as client:
            assert client.get("/").status_code == 200
