"""A message to an https address: once, no redirect, nothing else."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from autotune.edges import posting


class Answers(http.server.BaseHTTPRequestHandler):
    """Takes what is sent; answers with what the path names."""

    got: list[tuple[str, bytes]] = []  # noqa: RUF012 - one list for all requests is what is wanted

    def do_POST(self) -> None:
        """Answer."""
        self.got.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(int(self.path.strip("/")))
        self.send_header("Location", "/200")
        self.end_headers()

    do_GET = do_POST  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    certificate = tmp_path / "cert.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "1",
                "-subj",
                "/CN=localhost",
            ),
            *("-addext", "subjectAltName=DNS:localhost", "-keyout", str(tmp_path / "key.pem"), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = http.server.HTTPServer(("localhost", 0), Answers)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, tmp_path / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Answers.got.clear()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"https://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_it_is_sent_once(address: str) -> None:
    assert posting.post(f"{address}/200", b"{}") is None
    assert Answers.got == [("/200", b"{}")]


@pytest.mark.parametrize("status", [301, 302, 307, 308, 404, 500])
def test_a_redirect_is_not_followed_and_an_error_not_tried_again(address: str, status: int) -> None:
    assert str(status) in str(posting.post(f"{address}/{status}", b"{}"))
    assert [path for path, _ in Answers.got] == [f"/{status}"]


def test_nothing_but_https_is_sent_and_no_certificate_is_taken_on_trust(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in (address.replace("https", "http"), "file:///etc/passwd"):
        assert posting.post(f"{wrong}/200", b"{}") is not None
    monkeypatch.delenv("SSL_CERT_FILE")
    assert "CERTIFICATE" in str(posting.post(f"{address}/200", b"{}"))
    assert Answers.got == []
