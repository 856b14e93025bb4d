"""Who is let in, what answers carry, and which images are shown."""

import asyncio
import contextlib
import http.server
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest
import uvicorn
from PIL import Image
from starlette.requests import ClientDisconnect, Request
from starlette.testclient import TestClient

import kolena_store as ks
from kolena_store.errors import InvalidInput, LimitExceeded, UnreadableFile
from kolena_store.inspection.predicate_process import PredicateProcesses, Question
from kolena_store.web import application
from kolena_store.web.application import create_application
from kolena_store.web.images import remote_picture
from kolena_store.web.recent_failures import RecentFailures
from kolena_store.web.remote_images import check_host, fetched, is_allowed, is_public
from kolena_store.web.security import POLICY
from kolena_store.web.serving import is_loopback, serve, served_settings
from kolena_store.web.settings import WebSettings


def test_every_answer_has_a_strict_policy(client: TestClient) -> None:
    for path in ("/", "/nowhere", "/static/style.css", "/image?dataset=spam"):
        headers = client.get(path).headers
        assert headers["content-security-policy"] == POLICY
        assert headers["x-content-type-options"] == "nosniff"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8780", ""])
def test_another_host_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost:8780", "127.0.0.1:8780", "[::1]:8780", "LOCALHOST"])
def test_this_machine_is_let_in(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://testserver.evil.example", "file://", "http://["]
)
def test_another_origin_is_refused(client: TestClient, origin: str) -> None:
    assert client.get("/", headers={"origin": origin}).status_code == 403
    assert client.post("/slices/save", data={}, headers={"origin": origin}).status_code == 403


def test_a_form_needs_an_origin(client: TestClient) -> None:
    assert client.post("/slices/save", data={"name": "x"}).status_code == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_are_refused(client: TestClient, method: str) -> None:
    assert client.request(method, "/").status_code in (403, 405)


def test_a_large_form_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post("/slices/save", data={"where": "x" * 300_000}, headers={"origin": "http://testserver"})
    assert answer.status_code == 413


@pytest.mark.parametrize("announced", [{}, {"content-length": "3"}])
def test_a_large_form_in_pieces_is_given_up_while_it_is_read(client: TestClient, announced: dict[str, str]) -> None:
    pieces = iter([b"x" * 100_000] * 20)
    headers = {"origin": "http://testserver", **announced}
    assert client.post("/slices/save", content=pieces, headers=headers).status_code == 413


def test_a_small_form_in_pieces_is_read(saving_client: tuple[TestClient, Path]) -> None:
    client, path = saving_client
    pieces = iter([b"dataset=spam&suite=every", b"day&name=Tiny&where=length+%3C+10"])
    answer = client.post(
        "/slices/save", content=pieces, headers={"origin": "http://testserver"}, follow_redirects=False
    )
    assert answer.status_code == 303
    assert "Tiny" in path.read_text(encoding="utf-8")


def saved(client: TestClient, name: str, **more: str) -> int:
    form = {"dataset": "spam", "suite": "everyday", "name": name, "where": "length < 10", **more}
    headers = {"origin": "http://testserver"}
    return client.post("/slices/save", data=form, headers=headers, follow_redirects=False).status_code


def test_what_stands_in_a_suite_file_stays_and_a_link_leads_to_it(saving_client: tuple[TestClient, Path]) -> None:
    client, path = saving_client
    real = path.with_name("real.sql")
    stands = b"\xef\xbb\xbf-- mine\r\nCREATE VIEW a AS SELECT * FROM test_samples WHERE TRUE;\r\n"
    real.write_bytes(stands)
    path.symlink_to(real)
    assert saved(client, "Tiny", description="few\0signs") == 303
    assert path.is_symlink()
    assert real.read_bytes().startswith(stands + b"\r\nCREATE VIEW")
    assert real.read_bytes().count(b"\n") == real.read_bytes().count(b"\r\n")
    assert b"few signs" in real.read_bytes()


def test_a_form_that_never_arrives_is_no_bug() -> None:
    async def gone(_: Request) -> bytes:
        raise ClientDisconnect

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "_form", gone)
        answer = asyncio.run(application._save(*[None] * 4))  # type: ignore[arg-type]
    assert answer.status_code == 400


def test_an_announced_length_may_have_any_number_of_digits(client: TestClient) -> None:
    headers = {"origin": "http://testserver", "content-length": "9" * 5_000}
    assert client.post("/slices/save", content=iter([b"x"]), headers=headers).status_code == 413


@pytest.mark.parametrize("name", ["../application.py", "..%2fapplication.py", "%2e%2e/settings.py", "app.py", ""])
def test_static_files_are_those_of_the_app_alone(client: TestClient, name: str) -> None:
    assert client.get(f"/static/{name}").status_code == 404


# --- tokens ---


def test_a_token_lets_in_once_it_is_known(spam_root: Path) -> None:
    with TestClient(create_application(spam_root, WebSettings(token="secret-token"))) as client:
        assert client.get("/").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        first = client.get("/leaderboard?dataset=spam&token=secret-token", follow_redirects=False)
        assert first.status_code == 303
        assert first.headers["location"] == "/leaderboard?dataset=spam"
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/").status_code == 200
        client.cookies.clear()
        client.cookies.set("kolena_store_token", "secret-tokem")
        assert client.get("/static/style.css").status_code == 401


@pytest.mark.parametrize("path", ["//evil.example/x", "///evil.example/x", "/\\evil.example/x"])
def test_nobody_is_sent_elsewhere_with_a_token(spam_root: Path, path: str) -> None:
    with TestClient(create_application(spam_root, WebSettings(token="secret-token"))) as client:
        answer = client.get(f"http://testserver{path}?token=secret-token", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"] in ("/evil.example/x", "/%5Cevil.example/x")


@pytest.mark.parametrize("token", ["\N{GREEK SMALL LETTER PI}", "a\nb", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_a_token_that_no_cookie_holds_is_refused_at_the_start(token: str) -> None:
    with pytest.raises(InvalidInput, match="letters and digits"):
        served_settings("127.0.0.1", WebSettings(), names=(), token=token)


def test_the_address_that_is_printed_holds_every_token(spam_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = served_settings(
        "127.0.0.1", WebSettings(hosts=("testserver",)), names=("testserver",), token="a+b&c #%;"
    )
    printed: list[str] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda _, sockets: [one.close() for one in sockets])
    serve(spam_root, settings, host="127.0.0.1", port=0, ready=printed.append)
    with TestClient(create_application(spam_root, settings)) as client:
        query = printed[0].partition("?")[2]
        assert client.get(f"/?{query}", follow_redirects=False).status_code == 303
        assert client.get("/").status_code == 200


def test_beyond_this_machine_there_is_a_token() -> None:
    chosen, nothing = WebSettings(), {"names": (), "token": None}
    assert served_settings("127.0.0.1", chosen, **nothing).token is None
    assert served_settings("::1", chosen, **nothing).token is None
    open_to_all = served_settings("0.0.0.0", chosen, **nothing)
    assert len(open_to_all.token or "") >= 24
    assert "evil.example" not in open_to_all.hosts
    assert "build.example" in served_settings("0.0.0.0", chosen, **{**nothing, "names": ("Build.example",)}).hosts


@pytest.mark.parametrize(("host", "expected"), [("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("x", False)])
def test_loopback_is_known(host: str, expected: bool) -> None:
    assert is_loopback(host) is expected


# --- images elsewhere ---


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:0001::", False),
    ],
)
def test_public_addresses_are_known(address: str, expected: bool) -> None:
    assert is_public(address) is expected


@pytest.mark.parametrize(
    "address",
    [
        "http://other.example/a.png",
        "https://localhost.evil.example/a.png",
        "http://images.example@other.example/a.png",
        "http://other.example#@images.example/a.png",
        "http://images.example:8080/a.png",
        "http://images.example:99999/a.png",
        "ftp://images.example/a.png",
        "http:///a.png",
        "http://images.example/a b.png",
        "http://images.example/\r\nhost: other/a.png",
        "http://[::1/a.png",
    ],
)
def test_only_hosts_that_were_named_are_asked(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    with pytest.raises(InvalidInput):
        fetched(address, ("images.example",), RecentFailures())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "127.1"])
def test_machines_that_are_not_public_are_never_asked(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was made"))
    with pytest.raises((InvalidInput, UnreadableFile)):
        fetched(f"http://{host}/a.png", (host,), RecentFailures())


class Sending(http.server.BaseHTTPRequestHandler):
    """A server that sends a picture, sends elsewhere, sends without an end, or a byte from time to time."""

    def do_GET(self) -> None:
        if self.path == "/elsewhere.png":
            self.send_response(302)
            self.send_header("location", "http://169.254.169.254/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/dripping.png":
            with contextlib.suppress(OSError):
                for _ in range(200):
                    self.wfile.write(bytes(1))
                    time.sleep(0.05)
            return
        if self.path == "/endless.png":
            with contextlib.suppress(OSError):
                for _ in range(400):
                    self.wfile.write(bytes(100_000))
            return
        Image.new("RGB", (1000, 500), "red").save(self.wfile, "PNG")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def images_elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The host of a server of this machine, which counts as public here."""
    monkeypatch.setattr("kolena_store.web.remote_images.is_public", lambda _: True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sending)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_image_of_a_named_host_is_fetched_and_shrunk(images_elsewhere: str) -> None:
    content, kind = remote_picture(
        f"http://{images_elsewhere}/a.png", (images_elsewhere,), RecentFailures(), is_small=True
    )
    assert kind == "image/jpeg"
    assert Image.open(io.BytesIO(content)).size == (320, 160)


@pytest.mark.parametrize(("path", "said"), [("elsewhere.png", "answers 302"), ("endless.png", "more than 20 MB")])
def test_nobody_is_sent_on_or_sent_too_much(images_elsewhere: str, path: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        fetched(f"http://{images_elsewhere}/{path}", (images_elsewhere,), RecentFailures())


def test_bytes_that_drip_are_not_waited_for(images_elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kolena_store.web.remote_images.SECONDS_IN_ALL", 0.3)
    begun = time.monotonic()
    with pytest.raises(UnreadableFile, match=r"longer than 0\.3 s"):
        fetched(f"http://{images_elsewhere}/dripping.png", (images_elsewhere,), RecentFailures())
    assert time.monotonic() - begun < 3


def test_names_that_are_looked_up_too_long_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kolena_store.web.remote_images.SECONDS_IN_ALL", 0.1)
    answered, asked = threading.Event(), []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (asked.append(1), answered.wait(30), [])[2])
    failures = RecentFailures()
    for name in ("a", "b"):
        with pytest.raises(UnreadableFile, match="not known here"):
            fetched(f"http://images.example/{name}.png", ("images.example",), failures)
    answered.set()
    assert asked == [1]


def test_what_failed_a_moment_ago_is_not_asked_again(images_elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address, failures, asked = f"http://{images_elsewhere}/elsewhere.png", RecentFailures(), []
    monkeypatch.setattr(Sending, "log_message", lambda *_: asked.append(1))
    for _ in range(2):
        with pytest.raises(UnreadableFile, match="answers 302"):
            remote_picture(address, (images_elsewhere,), failures, is_small=True)
    assert asked == [1]
    assert remote_picture(address.replace("elsewhere", "a"), (images_elsewhere,), failures, is_small=True)


def test_failures_are_forgotten() -> None:
    failures = RecentFailures(seconds=0)
    for _ in range(2):
        with contextlib.suppress(UnreadableFile), failures.remembering("images.example:80"):
            raise UnreadableFile("no image")
    with failures.remembering("images.example:80"):
        pass


@pytest.mark.parametrize(
    ("host", "address", "expected"),
    [
        ("images.example", "https://images.example/a.png", True),
        ("images.example", "https://images.example:443/a.png", True),
        ("images.example", "https://images.example:80/a.png", False),
        ("images.example:443", "https://images.example/a.png", True),
        ("images.example:0443", "https://images.example:443/a.png", True),
        ("images.example:443", "http://images.example/a.png", False),
        ("images.example:8443", "https://images.example:8443/a.png", True),
        ("images.example:8443", "https://images.example/a.png", False),
    ],
)
def test_a_host_with_a_port_is_that_port(host: str, address: str, expected: bool) -> None:
    assert is_allowed(address, (check_host(host),)) is expected


@pytest.mark.parametrize("host", ["", "a b", "http://x", "x:port", "x/y", "x:123456", "x:", "x:0", "x:65536", "a:1:2"])
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(InvalidInput, match="is no host"):
        check_host(host)


# --- images ---


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[TestClient, Path]:
    root, outside = tmp_path / "photos", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    for path in (root / "cat.png", outside / "secret.png"):
        Image.new("RGB", (800, 400), "red").save(path)
    Image.new("RGB", (8, 4), "red").save(tmp_path / "beside.png")
    (root / "link.png").symlink_to(outside / "secret.png")
    (root / "cat.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    (root / "text.png").write_text("no image at all")
    os.mkfifo(root / "pipe.png")
    values = [
        "cat.png",
        str(root / "cat.png"),
        f"file://{root / 'cat.png'}",
        "../outside/secret.png",
        str(outside / "secret.png"),
        "link.png",
        "cat.svg",
        "text.png",
        "pipe.png",
        "missing.png",
        "http://127.0.0.1:1/x.png",
        "ftp://x/y.png",
        "",
        None,
        "x\x00.png",
        "/etc/passwd",
        "C:\\x.png",
        "outside/secret.png",
        "photos/../outside/secret.png",
        "photos/link.png",
        "beside.png",
        "photos/cat.png",
    ]
    store = ks.Store(tmp_path / "my.store")
    store.upload_dataset("photos", pa.table({"id": range(len(values)), "place": values}), id_fields=["id"])
    return TestClient(create_application(store.path, WebSettings(image_roots=(root,)))), root


@pytest.mark.parametrize("sample", [0, 1, 2, 21])
def test_an_image_below_an_allowed_folder_is_shown(pictures: tuple[TestClient, Path], sample: int) -> None:
    client, _ = pictures
    answer = client.get(f"/image?dataset=photos&sample={sample}&field=place&size=small")
    assert answer.headers["content-type"] == "image/jpeg"
    assert len(answer.content) < 20_000


@pytest.mark.parametrize("sample", range(3, 21))
def test_no_other_image_is(pictures: tuple[TestClient, Path], sample: int) -> None:
    client, _ = pictures
    answer = client.get(f"/image?dataset=photos&sample={sample}&field=place")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/plain")


def test_an_address_names_no_path(pictures: tuple[TestClient, Path]) -> None:
    client, root = pictures
    for query in (f"field={root / 'cat.png'}", "field=nope", "sample=99&field=place", "field=id"):
        assert client.get(f"/image?dataset=photos&sample=0&{query}").status_code == 404


def test_images_need_an_allowed_folder(pictures: tuple[TestClient, Path], tmp_path: Path) -> None:
    client = TestClient(create_application(tmp_path / "my.store"))
    assert "allow it" in client.get("/image?dataset=photos&sample=1&field=place").text


def test_hosts_that_are_slow_keep_no_page_waiting(
    pictures: tuple[TestClient, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def slow(*_: object, **__: object) -> bytes:
        answered.wait(60)
        raise UnreadableFile("no image")

    monkeypatch.setattr("kolena_store.web.images.fetched", slow)
    address = "/image?dataset=photos&sample=10&field=place"
    with TestClient(create_application(tmp_path / "my.store", WebSettings(image_hosts=("127.0.0.1:1",)))) as client:
        askers = [threading.Thread(target=client.get, args=(address,)) for _ in range(12)]
        page = threading.Thread(target=client.get, args=("/image?dataset=photos&sample=1&field=place",), daemon=True)
        for one in askers:
            one.start()
        time.sleep(0.3)
        page.start()
        page.join(20)
        is_waiting = page.is_alive()
        answered.set()
        for one in askers:
            one.join()
    assert not is_waiting


# --- predicates that were not caught: the process is killed ---


def question(root: Path, predicate: str) -> Question:
    files = [str(path) for path in (root / "data" / "samples").glob("*.parquet")]
    return Question(predicate=predicate, columns="id, text, length", files=files, size=400)


SLOW = "len(list_transform(range(30000000), lambda x: x + id)) > 0"


def test_a_predicate_that_takes_too_long_is_killed_and_the_next_is_answered(spam_root: Path) -> None:
    processes = PredicateProcesses(spam_root, seconds=3.0)
    try:
        assert processes.ask(question(spam_root, "id < 10")).n == 10
        with pytest.raises(LimitExceeded, match=r"longer than 3 s|more memory"):
            processes.ask(question(spam_root, SLOW))
        assert processes.ask(question(spam_root, "id < 20")).n == 20
    finally:
        processes.close()


def test_a_process_ends_in_the_middle_of_a_question_when_nobody_waits_for_it(spam_root: Path) -> None:
    asked = asdict(question(spam_root, "levenshtein(repeat('a', 30000) || id, repeat('b', 30000)) > 1"))
    command = [sys.executable, "-P", "-m", "kolena_store.inspection.predicate_child", str(spam_root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdout.readline() == b"{}\n"
        process.stdin.write(json.dumps(asked).encode() + b"\n")
        process.stdin.close()
        try:
            assert process.wait(5) == 0
        finally:
            process.kill()


def test_a_predicate_that_takes_too_much_memory_is_stopped(spam_root: Path) -> None:
    processes = PredicateProcesses(spam_root, seconds=20.0)
    try:
        with pytest.raises(LimitExceeded):
            processes.ask(question(spam_root, "len(repeat('x', 3000000000 + id)) > 1"))
        assert processes.ask(question(spam_root, "id < 20")).n == 20
    finally:
        processes.close()


@pytest.mark.parametrize(
    "predicate",
    [
        "exists(SELECT 1 FROM read_text('/etc/passwd'))",
        "exists(SELECT 1 FROM read_csv('/etc/passwd'))",
        "getenv('HOME') <> ''",
    ],
)
def test_the_process_itself_reads_nothing_outside(spam_root: Path, predicate: str) -> None:
    processes = PredicateProcesses(spam_root, seconds=20.0)
    try:
        with pytest.raises((InvalidInput, LimitExceeded)):
            processes.ask(question(spam_root, predicate))
    finally:
        processes.close()
