"""`make fuzz-bus`: the wire says anything, and no lock may be energised without a live grant for it, nor anything end.

Structured: replies are dropped, doubled, delayed, cut, joined, flipped, prefixed, replaced by what was said before, or
forged whole with a right CRC, for the right board or another one. Meanwhile clerks load and owners collect. One seed is
one story, on virtual time. What a forged reply makes the record believe is not judged: it looks like a true one.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import click
import structlog

from locker.refusals import Fault, Refusal
from simulator.boards import framed
from simulator.bus_office import Office, office_in
from simulator.doors import CannotReach
from simulator.line_faults import Parts
from simulator.twin.loop import JumpingLoop

ACTS = 4
KEPT = 40
CODES = (1, 2, 3, 4, 6, 10, 0x55)


@dataclass
class Noise:
    """What the wire makes of replies; `rate` of them are spoilt."""

    rng: Random
    rate: float
    said: list[bytes] = field(default_factory=list)
    spoilt: int = 0

    def __call__(self, request: bytes, parts: Parts) -> Parts:
        """The parts that arrive instead."""
        reply = b"".join(part for _, part in parts)
        self.said = [*self.said[-KEPT:], reply]
        if self.rng.random() > self.rate:
            return parts
        self.spoilt += 1
        spoil = self.rng.choice(
            (self._dropped, self._late, self._cut, self._flipped, self._prefixed, self._again, self._forged, self._torn)
        )
        return spoil(request, reply)

    def _dropped(self, _request: bytes, _reply: bytes) -> Parts:
        return ()

    def _late(self, _request: bytes, reply: bytes) -> Parts:
        return ((self.rng.choice((0.05, 0.07, 0.1, 0.3, 1.5)), reply),)

    def _cut(self, _request: bytes, reply: bytes) -> Parts:
        return ((0.0, reply[: self.rng.randrange(len(reply) + 1)]),)

    def _flipped(self, _request: bytes, reply: bytes) -> Parts:
        spoilt = bytearray(reply or b"\0")
        for _ in range(self.rng.randint(1, 3)):
            spoilt[self.rng.randrange(len(spoilt))] ^= 1 << self.rng.randrange(8)
        return ((0.0, bytes(spoilt)),)

    def _prefixed(self, request: bytes, reply: bytes) -> Parts:
        return ((0.0, self.rng.choice((b"\0", request, request[:3], self.rng.randbytes(9))) + reply),)

    def _again(self, _request: bytes, reply: bytes) -> Parts:
        return ((0.0, self.rng.choice(self.said)), (self.rng.choice((0.0, 0.02, 0.2)), reply))

    def _forged(self, request: bytes, reply: bytes) -> Parts:
        unit, function = self.rng.choice((request[0], 1, 2, 9)), request[1]
        bodies = (
            bytes((unit, function | 0x80, self.rng.choice(CODES))),
            bytes((unit, function, 1, self.rng.randrange(256))),
            bytes((unit, 3, 2)) + self.rng.randbytes(2),
            bytes((unit, 5)) + self.rng.randbytes(4),
            request[:-2],
        )
        forged = framed(self.rng.choice(bodies))
        return ((0.0, forged),) if self.rng.random() < 0.5 else ((0.0, forged), (0.01, reply))  # noqa: PLR2004  half

    def _torn(self, _request: bytes, reply: bytes) -> Parts:
        at = self.rng.randrange(len(reply) + 1)
        return ((0.0, reply[:at]), (self.rng.choice((0.001, 0.03, 0.08)), reply[at:]))


@dataclass(frozen=True)
class Told:
    """One seed's story: what must not be, and how much happened."""

    finds: tuple[str, ...]
    pulses: int
    spoilt: int


def play(seed: int, folder: Path) -> Told:
    """One story; its journal is a new file in `folder`."""
    told: list[Told] = []

    async def story() -> None:
        rng = Random(seed)  # noqa: S311  a story that can be told again
        async with office_in(folder) as office:
            office.opens_falsely = True
            pulses: list[object] = []
            office.at_pulse = pulses.append
            await office.is_served()
            office.steel.mangle = noise = Noise(rng, rate=rng.choice((0.02, 0.1, 0.3, 0.7)))
            for _ in range(ACTS):
                await _act(office, rng)
        told.append(Told(tuple(office.finds), len(pulses), noise.spoilt))

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(story())
    return told[0]


async def _act(office: Office, rng: Random) -> None:
    """Somebody does something; what the rules refuse is refused."""
    try:
        result = await office.announce()
        number = await office.grant_load(result)
        await office.attend(number, put="envelope")
        await asyncio.sleep(rng.choice((0.5, 5, 20)))
        one = office.journal.cabinet.hand_overs.get(f"h-{result}")
        if one is None or one.stage != "loaded":
            return
        await office.grant_collect(result)
        if rng.random() < 0.3:  # noqa: PLR2004  now and then somebody pulls the plug
            office.steel.unplug()
            await asyncio.sleep(rng.choice((0.1, 3)))
            office.steel.plug_in()
        await office.attend(number)
    except (Refusal, Fault, CannotReach):
        await asyncio.sleep(5)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seeds", default=300, show_default=True, help="How many stories.")
@click.option("--seed", default=1, show_default=True, help="The first one.")
def main(*, seeds: int, seed: int) -> None:
    """Let a wire say anything to the controller; exit 1 and name the seed if it energises a lock unasked or ends."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    pulses = spoilt = bad = 0
    for one in range(seed, seed + seeds):
        with tempfile.TemporaryDirectory(prefix="dossier-fuzz-") as folder:
            told = play(one, Path(folder))
        pulses, spoilt, bad = pulses + told.pulses, spoilt + told.spoilt, bad + bool(told.finds)
        for find in told.finds:
            click.echo(f"seed {one}: {find}")
    click.echo(f"{seeds} stories, {spoilt} spoilt replies, {pulses} pulses: {bad} stories with a find")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main(prog_name="python -m simulator.fuzz_bus")
