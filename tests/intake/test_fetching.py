"""Fetching what a list names, from a real server on this machine: bounded, and only from where it may."""

import datetime
import gzip
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import anyio
import fsspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenocr_assets.errors import RejectedInput
from qwenocr_assets.intake.urls import fetching
from qwenocr_assets.intake.urls.fetching import Bounds, fetch
from tests.intake.web import Web, answer, serving
from tests.waiting import LIMIT_SECONDS

HERE = (ipaddress.ip_network("127.0.0.1/32"),)


@pytest.fixture(scope="module")
def web() -> Iterator[Web]:
    with serving() as server:
        yield server


def get(url: str, **bounds: Any) -> bytes:
    return anyio.run(fetch, url, Bounds(**{"allowed_networks": HERE, "seconds": LIMIT_SECONDS, **bounds}))


def test_a_file_is_fetched(web: Web) -> None:
    web.pages["/a b.png"] = b"pixels"
    assert get(f"{web.url}/a%20b.png?x=1#y") == b"pixels"
    path, headers = web.asked[-1]
    assert path == "/a%20b.png?x=1"
    assert headers["host"] == f"127.0.0.1:{web.port}"
    assert "authorization" not in headers


def test_what_the_environment_says_of_proxies_is_not_asked(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    web.pages["/"] = b"pixels"
    assert get(web.url) == b"pixels"


def test_a_urls_password_goes_to_its_own_host_only(web: Web) -> None:
    web.pages["/secret"] = lambda h: answer(h, 302, location=f"http://127.0.0.1:{web.port}/open")
    web.pages["/open"] = b"pixels"
    assert get(f"http://me:pa%3Ass@127.0.0.1:{web.port}/secret") == b"pixels"
    (_, first), (_, second) = web.asked[-2:]
    assert first["authorization"] == "Basic bWU6cGE6c3M="
    assert "authorization" not in second


def redirects(web: Web, *to: str) -> str:
    """A chain of redirects that begins here."""
    for number, location in enumerate(to):
        web.pages[f"/r{number}"] = lambda h, location=location: answer(h, 307, location=location)
    return f"{web.url}/r0"


def endless(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("connection", "close")
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def slowly(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def slow_headers(handler: Any) -> None:
    for _ in range(200):
        handler.wfile.write(b"H")
        handler.wfile.flush()
        time.sleep(0.05)


def cut_short(handler: Any) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b"x")
    handler.close_connection = True


def test_redirects_are_followed(web: Web) -> None:
    web.pages["/end"] = b"pixels"
    assert get(redirects(web, "/r1", "r2", f"//127.0.0.1:{web.port}/r3", "/r4", "/end")) == b"pixels"


@pytest.mark.parametrize(
    ("path", "page", "words"),
    [
        pytest.param("/gone", None, "404 Not Found", id="not-found"),
        pytest.param("/broken", lambda h: answer(h, 503), "503 Service Unavailable", id="server-error"),
        pytest.param("/odd", lambda h: answer(h, 799), "answered 799", id="no-such-status"),
        pytest.param(
            "/told", lambda h: answer(h, 200, b"x" * 2000), "larger than", id="too-large-by-its-header"
        ),
        pytest.param("/endless", endless, "larger than", id="too-large-as-it-comes"),
        pytest.param(
            "/bomb",
            lambda h: answer(h, 200, gzip.compress(bytes(10**6)), content_encoding="gzip"),
            "larger than",
            id="too-large-unpacked",
        ),
        pytest.param(
            "/br", lambda h: answer(h, 200, b"x", content_encoding="br"), r"packed \(br\)", id="packed"
        ),
        pytest.param(
            "/torn",
            lambda h: answer(h, 200, b"x" * 99, content_encoding="gzip"),
            "cannot be unpacked",
            id="torn-gzip",
        ),
        pytest.param("/cut", cut_short, "broke off", id="cut-short"),
    ],
)
def test_what_cannot_be_fetched_has_a_reason(web: Web, path: str, page: Any, words: str) -> None:
    if page is not None:
        web.pages[path] = page
    with pytest.raises(RejectedInput, match=words):
        get(web.url + path, max_bytes=1000)


@pytest.mark.parametrize("page", [slowly, slow_headers])
def test_a_slow_server_is_given_up(web: Web, page: Any) -> None:
    web.pages["/slow"] = page
    with pytest.raises(RejectedInput, match=r"longer than 0\.5 seconds"):
        get(f"{web.url}/slow", seconds=0.5)


def test_what_is_packed_is_unpacked(web: Web) -> None:
    web.pages["/z"] = lambda h: answer(h, 200, gzip.compress(b"pixels"), content_encoding="gzip")
    assert get(f"{web.url}/z") == b"pixels"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "localhost",
        "localhost.",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "①②⑦.⓪.⓪.①",
        "127。0。0。1",
        "me@127.0.0.1",
    ],
)
def test_this_machine_is_refused_however_it_is_spelt(web: Web, host: str) -> None:
    before = len(web.asked)
    with pytest.raises(RejectedInput, match=r"it is not fetched|cannot be found|no valid URL"):
        get(f"http://{host}:{web.port}/", allowed_networks=())
    assert len(web.asked) == before


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://100.100.100.200/",
        "http://2852039166/",
        "https://10.0.0.1/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
    ],
)
def test_private_and_metadata_addresses_are_refused(url: str) -> None:
    with pytest.raises(RejectedInput, match=r"it is not fetched\. .*url_networks"):
        get(url)


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://169.254.169.254/latest", "link-local"),
        ("http://localhost.localdomain@10.0.0.1/", "private"),
        ("//127.0.0.2/", "this machine"),
        ("file:///etc/passwd", "file: address"),
        ("ftp://127.0.0.1/", "ftp: address"),
        ("/r0", "more than 5 times"),
    ],
)
def test_a_redirect_is_judged_as_the_first_address(web: Web, location: str, words: str) -> None:
    with pytest.raises(RejectedInput, match=words):
        get(redirects(web, location))


class Names:
    """A name server: the next answer for a name at each question."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **answers: list[list[str]]) -> None:
        self.answers, self.asked = {k.replace("_", "."): v for k, v in answers.items()}, []
        true = socket.getaddrinfo

        def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else host
            if name not in self.answers:
                return true(host, port, *rest, **more)
            self.asked.append(name)
            addresses = self.answers[name].pop(0)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_name_is_resolved_once_and_that_address_connected_to(
    web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = Names(monkeypatch, docs_example=[["127.0.0.1"], ["10.0.0.1"]])
    web.pages["/"] = b"pixels"
    assert get(f"http://docs.example:{web.port}/") == b"pixels"
    assert names.asked == ["docs.example"]
    assert web.asked[-1][1]["host"] == f"docs.example:{web.port}"


def test_a_name_with_a_private_address_is_refused(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Names(monkeypatch, docs_example=[["127.0.0.1", "10.0.0.1"], ["127.0.0.1"], ["127.0.0.2"]])
    before = len(web.asked)
    with pytest.raises(RejectedInput, match=r"docs\.example is an address of a private"):
        get(f"http://docs.example:{web.port}/")
    assert len(web.asked) == before
    web.pages["/away"] = lambda h: answer(h, 302, location=f"http://docs.example:{web.port}/away")
    with pytest.raises(RejectedInput, match=r"docs\.example is this machine"):  # moved between two redirects
        get(f"http://docs.example:{web.port}/away")
    assert len(names.asked) == 3


def test_the_next_address_of_a_name_is_tried(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    Names(monkeypatch, docs_example=[["127.0.0.9", "127.0.0.1"]])
    web.pages["/"] = b"pixels"
    assert get(f"http://docs.example:{web.port}/", allowed_networks=[ipaddress.ip_network("127.0.0.0/8")])


def test_a_host_that_does_not_listen() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(RejectedInput, match="cannot be reached"):
            get(f"http://127.0.0.1:{taken.getsockname()[1]}/")


@pytest.mark.parametrize(("name", "trusted"), [("docs.example", True), ("other.example", False)])
def test_the_certificate_has_to_be_the_names(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool
) -> None:
    certificate, key = certify("docs.example")
    (tmp_path / "pem").write_bytes(certificate + key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "pem")
    asked_for: list[str | None] = []
    tls.sni_callback = lambda _socket, sni, _context: asked_for.append(sni)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "pem"))
    Names(monkeypatch, docs_example=[["127.0.0.1"]], other_example=[["127.0.0.1"]])
    fetching._tls.cache_clear()
    with serving(tls) as web:
        web.pages["/"] = b"pixels"
        url = f"https://{name}:{web.port}/"
        if trusted:
            assert get(url) == b"pixels"
        else:
            with pytest.raises(RejectedInput, match="no certificate that can be trusted"):
                get(url)
    assert asked_for == [name]
    fetching._tls.cache_clear()


def certify(name: str) -> tuple[bytes, bytes]:
    """A certificate that a name gives itself, and its key."""
    x509 = pytest.importorskip("cryptography.x509", reason="makes certificates; comes with the official SDKs")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(who, who, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(1))
        .not_valid_after(now + datetime.timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.fixture
def bucket() -> Iterator[None]:
    files = fsspec.filesystem("memory")
    files.pipe("/bucket/a b.png", b"pixels")
    yield
    files.rm("/bucket", recursive=True)


def test_a_buckets_file_is_read_where_buckets_are_allowed(bucket: None) -> None:
    assert get("memory://bucket/a b.png", buckets=["memory"]) == b"pixels"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("memory://bucket/a b.png", "may not name memory here"),
        ("s3://bucket/gone.png", "what reads s3 is not installed|no such file|cannot be read"),
        ("gs://bucket/a.png", "may not name gs here"),
        ("file:///etc/passwd", "URLs of file are not fetched"),
        ("FILE:///etc/passwd", "URLs of file are not fetched"),
        ("local:///etc/passwd", "not fetched"),
        ("ftp://host/a.png", "not fetched"),
        ("zip://a.png::file:///tmp/a.zip", "not fetched"),
        ("memory://a.png::file:///etc/passwd", "not fetched"),
        ("simplecache::s3://bucket/a.png", "not fetched"),
        ("data://text/plain,hello", "not fetched"),
    ],
)
def test_other_protocols_and_buckets_are_refused(bucket: None, url: str, words: str) -> None:
    with pytest.raises(RejectedInput, match=f"(?i){words}"):
        get(url, buckets=["s3"])


def test_a_buckets_file_is_bounded(bucket: None) -> None:
    with pytest.raises(RejectedInput, match="larger than"):
        get("memory://bucket/a b.png", buckets=["memory"], max_bytes=5)
    with pytest.raises(RejectedInput, match="no such file"):
        get("memory://bucket/gone.png", buckets=["memory"])


@given(
    st.text(max_size=20),
    st.sampled_from(["http://127.0.0.1:1", "http://x.invalid:", "http://[", "s3://", "", "memory://"]),
)
@settings(deadline=None, max_examples=60)
def test_whatever_is_written_ends_in_a_reason(text: str, before: str) -> None:
    with pytest.raises(RejectedInput):
        get(f"{before}{text}", allowed_networks=(), seconds=0.3, buckets=["memory"])
