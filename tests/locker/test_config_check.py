"""What contradicts between the sections of a configuration: each is one sentence that says what to change."""

from __future__ import annotations

from typing import Any

import pytest

from locker import config_check
from locker.config import Config

TREE: dict[str, Any] = {
    "cabinet": {"id": "hoa-mai-01"},
    "storage": {"directory": "/var/lib/dossier-locker"},
    "notices": {"gateways": ["modem"], "modem": {"port": "/dev/ttyUSB3"}},
    "bus": [{"name": "A", "port": "/dev/ttyUSB0"}],
    "board": [{"name": "A1", "bus": "A", "unit_id": 1}],
    "lock": [{"model": "solenoid"}],
    "compartment": [
        {"number": 1, "board": "A1", "coil": 0, "input": 0, "lock": "solenoid", "row": 1, "column": 1, "height_cm": 90}
    ],
}
TLS = {"certificate": "tls.crt", "private_key": "tls.key"}
MEMBER = {"user": "lan", "name": "Lan", "password_hash": "x", "totp_secret": "y"}


def problems(**changes: Any) -> list[str]:
    return list(config_check.problems(Config.model_validate({**TREE, **changes})))


def test_a_plain_configuration_has_no_problem() -> None:
    assert problems() == []
    assert problems(clerk={"host": "0.0.0.0", **TLS}) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"kiosk": {"host": "0.0.0.0"}}, "the kiosk listener is for loopback only"),
        ({"kiosk": {"host": "10.0.0.20", **TLS}}, "the kiosk listener is for loopback only"),
        ({"clerk": {"host": "10.0.0.20"}}, "without clerk.certificate only loopback is served"),
        ({"clerk": {"host": "::"}}, "without clerk.certificate only loopback is served"),
        ({"clerk": {"certificate": "tls.crt"}}, "belong together"),
        ({"kiosk": {"port": 8022}}, "they are two listeners"),
        ({"centre": {"url": "https://centre.example"}}, "the centre knows the cabinet by its key"),
        ({"notices": {"gateways": ["file"]}}, "writes codes in clear"),
        ({"notices": {"gateways": ["esms"]}}, "[notices.esms] is missing"),
        ({"cabinet": {"id": "x", "training": True}}, "a training cabinet writes to nobody"),
        ({"staff": [MEMBER, MEMBER]}, "stands 2 times"),
    ],
)
def test_what_contradicts_is_named(changes: dict[str, Any], sentence: str) -> None:
    (problem,) = problems(**changes)
    assert sentence in problem
