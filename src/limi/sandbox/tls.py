"""Certificates for `limi sandbox --tls`, because some SDKs force `wss://` and check who answers.

A CA is made once and kept, so that clients need to be told of it once. The server's certificate is made anew at
each start, which costs a millisecond, and so never expires and always names the right hosts.
"""

import os
import shutil
import ssl
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["CertificateAuthority", "TLSFolderError"]

_CA_LIFE: Final = timedelta(days=3650)
"""Whoever trusts it had to be told by hand; once in ten years is often enough."""
_CA_RENEWAL: Final = timedelta(days=30)
"""How long before its end the CA is replaced, so that a long test run does not meet the end."""
_SERVER_LIFE: Final = timedelta(days=397)
"""The longest that browsers believe in; a server that runs for a year has to be restarted."""
_CLOCK_SKEW: Final = timedelta(hours=1)
"""Certificates begin this much earlier, for containers whose clock is behind."""
_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")
_CA_NAME: Final = "Limi sandbox CA, of this machine only"


class TLSFolderError(Exception):
    """The folder of the CA cannot be used; the message says why and what helps."""


class CertificateAuthority:
    """The CA of one folder; made when there is none, and again when it is about to expire."""

    def __init__(self, folder: Path, *, now: float) -> None:
        """Read the CA, or make it.

        Args:
            folder: Where it is kept, such as `.limi/tls`; it and what is in it is for this user only.
            now: Unix seconds.

        Raises:
            TLSFolderError: The folder cannot be written, or holds something else.
        """
        self._now = datetime.fromtimestamp(now, UTC)
        self._ca = folder / "ca"
        self.certificate_file = self._ca / "certificate.pem"
        """What clients are told to trust."""
        try:
            if not self._ca.exists():
                self._make()
            self._load()
            if self._certificate.not_valid_after_utc - self._now < _CA_RENEWAL:
                self._replace()
        except OSError as error:
            message = f"--tls: {error.filename or folder} cannot be used: {error.strerror}."
            raise TLSFolderError(message) from error
        except ValueError as error:
            message = f"--tls: {self._ca} holds no CA that can be read; delete it, and a new one is made."
            raise TLSFolderError(message) from error

    def server_context(self, *hosts: str) -> ssl.SSLContext:
        """Return what a server needs to answer as this machine, and as any other hosts that are named."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = self._sign(key, [*_LOCAL_HOSTS, *(host for host in hosts if host not in _LOCAL_HOSTS)])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A ticket comes after the handshake. Clients that read in one thread and write in another, as the official
        # Python SDK does without asyncio, lost one connection in a hundred: OpenSSL allows one thread for each.
        context.num_tickets = 0
        # OpenSSL reads these from files only; they are gone when this returns.
        with tempfile.TemporaryDirectory(dir=self._ca.parent) as folder:
            file = Path(folder) / "server.pem"
            _write_secret(file, _private_pem(key) + _pem(certificate))
            context.load_cert_chain(file)
        return context

    def _make(self) -> None:
        """Make a CA under another name and rename it whole: of two processes that start together one succeeds."""
        folder = self._ca.parent
        # One by one, because of several that are made at once only the last gets the mode.
        for place in (*reversed(folder.parents), folder):
            place.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        draft = Path(tempfile.mkdtemp(dir=folder))
        key = ec.generate_private_key(ec.SECP256R1())
        _write_secret(draft / "key.pem", _private_pem(key))
        _write_secret(draft / "certificate.pem", _pem(_own_certificate(key, self._now)))
        try:
            draft.rename(self._ca)
        except OSError:
            shutil.rmtree(draft)
            if not self._ca.exists():
                raise

    def _replace(self) -> None:
        expired = self._ca.with_name(f"ca-until-{self._certificate.not_valid_after_utc:%Y-%m-%d}")
        shutil.rmtree(expired, ignore_errors=True)
        self._ca.rename(expired)
        self._make()
        self._load()

    def _load(self) -> None:
        self._certificate = x509.load_pem_x509_certificate(self.certificate_file.read_bytes())
        key = serialization.load_pem_private_key((self._ca / "key.pem").read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("not a key that was made here")  # noqa: TRY004 - the file is wrong, not a caller
        self._key = key

    def _sign(self, key: ec.EllipticCurvePrivateKey, hosts: Iterable[str]) -> x509.Certificate:
        names = x509.SubjectAlternativeName([_name_of(host) for host in hosts])
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            _builder("Limi sandbox", key, self._now, _SERVER_LIFE)
            .issuer_name(self._certificate.subject)
            .add_extension(names, critical=False)
            .add_extension(purpose, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(authority, critical=False)
            .sign(self._key, hashes.SHA256())
        )


def _own_certificate(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    usage = {name: name == "key_cert_sign" for name in _USAGES}
    return (
        _builder(_CA_NAME, key, now, _CA_LIFE)
        .issuer_name(_common_name(_CA_NAME))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _builder(
    name: str, key: ec.EllipticCurvePrivateKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_common_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + life)
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name_of(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_secret(file: Path, content: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
