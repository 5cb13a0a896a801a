"""The CA of `limi sandbox --tls`, and what clients think of it."""

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from cryptography import x509

from limi.sandbox.tls import CertificateAuthority, TLSFolderError

_NOW = 1_790_000_000.0
_DAY = 86_400


def _present() -> float:
    """Certificates are checked against the machine's clock, so these tests begin at its time."""
    import time  # noqa: PLC0415

    return time.time()


def _certificate_seen(server: ssl.SSLContext, ca_file: Path, name: str) -> None:
    """Shake hands over a pair of sockets; raises what the client finds wrong."""
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            with server.wrap_socket(far, server_side=True) as secured:
                secured.recv(1)
        except OSError:
            far.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        context = ssl.create_default_context(cafile=str(ca_file))
        with context.wrap_socket(near, server_hostname=name) as secured:
            secured.send(b"x")
    finally:
        near.close()
        thread.join()


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1", "sandbox.test", "192.0.2.7"])
def test_a_client_that_trusts_the_ca_trusts_the_server_under_each_of_its_names(tmp_path: Path, name: str) -> None:
    authority = CertificateAuthority(tmp_path / "tls", now=_present())
    context = authority.server_context("sandbox.test", "192.0.2.7")
    _certificate_seen(context, authority.certificate_file, name)
    with pytest.raises(ssl.SSLCertVerificationError):
        _certificate_seen(context, authority.certificate_file, "other.test")


def test_after_the_handshake_the_server_waits_until_it_is_asked(tmp_path: Path) -> None:
    """A session ticket would meet the request of a client that reads and writes in two threads."""
    authority = CertificateAuthority(tmp_path, now=_present())
    to_client, to_server = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = authority.server_context().wrap_bio(to_server, to_client, server_side=True)
    trusting = ssl.create_default_context(cafile=str(authority.certificate_file))
    client = trusting.wrap_bio(to_client, to_server, server_hostname="localhost")
    for side in (client, server):
        with pytest.raises(ssl.SSLWantReadError):
            side.do_handshake()
    client.do_handshake()
    server.do_handshake()
    assert (client.version(), to_client.pending) == ("TLSv1.3", 0)


def test_the_ca_is_made_once_and_only_this_user_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "tls"
    first = CertificateAuthority(folder, now=_NOW).certificate_file.read_bytes()
    assert CertificateAuthority(folder, now=_NOW).certificate_file.read_bytes() == first
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder.parent, folder, *folder.rglob("*")]}
    assert modes == {"state": 0o700, "tls": 0o700, "ca": 0o700, "certificate.pem": 0o600, "key.pem": 0o600}


def test_the_servers_key_is_nowhere_on_disk(tmp_path: Path) -> None:
    authority = CertificateAuthority(tmp_path, now=_NOW)
    before = set(tmp_path.rglob("*"))
    authority.server_context()
    assert set(tmp_path.rglob("*")) == before


def test_a_ca_that_is_about_to_expire_is_replaced_and_the_old_one_kept_beside_it(tmp_path: Path) -> None:
    old = CertificateAuthority(tmp_path, now=_NOW).certificate_file.read_bytes()
    nearly = CertificateAuthority(tmp_path, now=_NOW + 3_619 * _DAY)
    assert nearly.certificate_file.read_bytes() == old
    late = _NOW + 3_625 * _DAY
    new = CertificateAuthority(tmp_path, now=late).certificate_file.read_bytes()
    assert new != old
    assert x509.load_pem_x509_certificate(new).not_valid_after_utc.timestamp() > late + 3_600 * _DAY
    assert [path.name[:9] for path in tmp_path.iterdir() if path.name != "ca"] == ["ca-until-"]


def test_of_two_that_start_together_both_use_one_ca(tmp_path: Path) -> None:
    barrier = threading.Barrier(4)
    found: list[bytes] = []

    def start() -> None:
        barrier.wait()
        found.append(CertificateAuthority(tmp_path, now=_NOW).certificate_file.read_bytes())

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["ca"]


def test_a_folder_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TLSFolderError, match="cannot be used: "):
        CertificateAuthority(tmp_path / "file" / "tls", now=_NOW)
    (tmp_path / "tls" / "ca").mkdir(parents=True)
    with pytest.raises(TLSFolderError, match="cannot be used: No such file"):
        CertificateAuthority(tmp_path / "tls", now=_NOW)
    (tmp_path / "tls" / "ca" / "certificate.pem").write_text("nonsense")
    with pytest.raises(TLSFolderError, match="delete it, and a new one is made"):
        CertificateAuthority(tmp_path / "tls", now=_NOW)
