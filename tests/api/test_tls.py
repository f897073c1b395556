"""The desk's listener over TLS, asked by who would agree to anything; and a centre that nobody vouches for."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import FastAPI, Request

from api.run import bind, server_of
from locker.centre import Address, CentreFault, CentreLine
from locker.config import Listener

LOCAL = "127.0.0.1"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cabinet")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOCAL))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "tls.crt", folder / "tls.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, private


@contextlib.asynccontextmanager
async def listening(certificate: tuple[Path, Path], app: FastAPI) -> AsyncIterator[str]:
    """The service's own listener with this certificate; its address."""
    pem, private = certificate
    bound = bind(Listener(host=LOCAL, port=0, certificate=pem, private_key=private))
    server = server_of(app, bound)
    bound.socket.listen()
    with bound.socket:
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[bound.socket]))
            yield bound.url
            server.should_exit = True


async def greeted(url: str, certificate: Path, *, highest: ssl.TLSVersion) -> str:
    """Which version a client that offers up to `highest`, with every cipher there is, agrees on."""
    context = ssl.create_default_context(cafile=certificate)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = highest
    context.set_ciphers("ALL:@SECLEVEL=0")
    port = httpx.URL(url).port
    _reader, writer = await asyncio.open_connection(LOCAL, port, ssl=context)
    version: str = writer.get_extra_info("ssl_object").version()
    writer.close()
    return version


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # the old version is what is tried
async def test_tls_1_2_and_later_are_spoken_and_nothing_older(certificate: tuple[Path, Path]) -> None:
    async with listening(certificate, FastAPI()) as url:
        assert url.startswith("https://")
        assert await greeted(url, certificate[0], highest=ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        assert await greeted(url, certificate[0], highest=ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await greeted(url, certificate[0], highest=ssl.TLSVersion.TLSv1_1)
        plain = httpx.AsyncClient(base_url=url.replace("https", "http"))
        async with plain:
            with pytest.raises(httpx.TransportError):
                await plain.get("/")


async def test_a_centre_that_nobody_vouches_for_is_told_nothing(certificate: tuple[Path, Path]) -> None:
    heard: list[str] = []
    app = FastAPI()

    @app.get("/v1/cabinets/c/events")
    async def events(request: Request) -> None:
        heard.append(request.headers["authorization"])

    vouched = ssl.create_default_context(cafile=certificate[0])
    async with listening(certificate, app) as url:
        address = Address(url=url, cabinet="c", key="secret")
        async with httpx.AsyncClient() as client:
            with pytest.raises(CentreFault, match="ConnectError"):
                await CentreLine(address=address, client=client, utc_ms=lambda: 1).stand(after=0)
        assert heard == []
        async with httpx.AsyncClient(verify=vouched) as client:
            with pytest.raises(CentreFault, match="does not say where it stands"):
                await CentreLine(address=address, client=client, utc_ms=lambda: 1).stand(after=0)
        assert heard == ["Bearer secret"]
