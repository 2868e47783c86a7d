"""The client over TLS: certificates are verified, and what breaks is fail before the request and info after it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.config import ConfigError
from harness.target import load_target
from harness.target.fetch import fetch

SERVER = Path(__file__).with_name("rude_server.py")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that bears the address 127.0.0.1 and its own signature; the key lies beside it."""
    openssl = shutil.which("openssl")
    if openssl is None and not os.environ.get("CI"):
        pytest.skip("needs openssl: run ci/install tests")
    assert openssl, "openssl is missing: run ci/install tests"
    folder = tmp_path_factory.mktemp("certificate")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=rainproof"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "own.pem")]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    return folder / "own.pem"


@pytest.fixture(scope="module")
def tls_port(certificate: Path) -> Iterator[int]:
    """The rude server behind TLS."""
    command = [sys.executable, str(SERVER), str(certificate), str(certificate.with_name("key.pem"))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        server.kill()


def test_manners_over_tls(drive: Callable[..., Any], certificate: Path, tls_port: int, tmp_path: Path) -> None:
    """Answers of every framing are read, breaks are info, and connections are kept."""
    result = drive("client_driver.py", "tls", tmp_path, f"https://127.0.0.1:{tls_port}", certificate)
    assert result["answers"] == {
        "whole": ["ok", "", 5],
        "dribble": ["ok", "", 5],
        "large": ["ok", "", 5],
        "until_close": ["info", "tls_broken", None],  # without a farewell, nobody knows whether this was all
        "half": ["info", "tls_broken", None],
        "garbage": ["info", "garbage", None],
        "silent": ["info", "timeout", None],
    }
    assert (result["kept"], result["reconnects"]) == (["ok"], 0)


def test_a_certificate_nobody_vouches_for_is_refused(drive: Callable[..., Any], tls_port: int, tmp_path: Path) -> None:
    """Nothing is sent to whom the certificate does not prove to be the target: it surely did not happen."""
    result = drive("client_driver.py", "tls", tmp_path, f"https://127.0.0.1:{tls_port}", "")
    assert {tuple(answer) for answer in result["answers"].values()} == {("fail", "bad_certificate", None)}


def test_a_certificate_for_another_name_is_refused(
    drive: Callable[..., Any], certificate: Path, tls_port: int, tmp_path: Path
) -> None:
    """It is believed, but it is somebody else's."""
    result = drive("client_driver.py", "tls", tmp_path, f"https://localhost:{tls_port}", certificate)
    assert {tuple(answer) for answer in result["answers"].values()} == {("fail", "bad_certificate", None)}


def test_a_server_without_tls_is_no_target(
    drive: Callable[..., Any], certificate: Path, rude_port: int, tmp_path: Path
) -> None:
    """The handshake fails, so nothing was asked."""
    result = drive("client_driver.py", "without_tls", tmp_path, f"https://127.0.0.1:{rude_port}", certificate)
    assert result["answer"][0] == "fail"


def test_a_target_is_fetched_over_tls(certificate: Path, tls_port: int, tmp_path: Path) -> None:
    """Readiness and evidence are asked for under the same certificates; one that does not verify ends the run."""
    told = f'[target]\nbase_url = "https://127.0.0.1:{tls_port}"\n'
    (tmp_path / "target.toml").write_text(f'{told}ca_file = "{certificate}"')
    assert fetch(load_target(tmp_path / "target.toml", {}), "/whole", 5.0) == (200, b'{"amount_fen": 5}')
    (tmp_path / "target.toml").write_text(told)
    with pytest.raises(ConfigError, match=r"does not verify .*ca_file"):
        fetch(load_target(tmp_path / "target.toml", {}), "/whole", 5.0)


@pytest.mark.parametrize(
    ("url", "ca_file", "complaint"),
    [
        ("https://a", "missing.pem", "does not exist"),
        ("https://a", "target.toml", "cannot be read as PEM certificates"),
        ("https://a", ".", "cannot be read as PEM certificates"),
        ("http://a", "target.toml", "ca_file is for https"),
    ],
)
def test_bad_certificates_are_refused_when_the_file_is_read(
    tmp_path: Path, url: str, ca_file: str, complaint: str
) -> None:
    """One clear line, before anything is started."""
    path = tmp_path / "target.toml"
    path.write_text(f'[target]\nbase_url = "{url}"\nca_file = "{ca_file}"')
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_target(path, {})
    assert str(caught.value).startswith(f"{path}: [target] ")
