"""What the stations on the Python package `ocpp` share: the socket, the journal, the judge.

A station prints one JSON object per step on standard output, for the test that drives it. It exits with 0 only when its
whole life went by the rules: every frame it got was well formed, answered a question it had asked, and held against the
JSON schemas that the package brings along.
"""

import asyncio
import base64
import datetime
import json
import logging
import sys
import urllib.parse
from dataclasses import dataclass

from ocpp.exceptions import NotImplementedError, NotSupportedError
from websockets.asyncio.client import connect

# How long a whole life may take; the test gives up a little later.
LIFE_MAX_S = 120


@dataclass(frozen=True)
class Orders:
    """What a station is told on its command line."""

    endpoint: str
    identity: str
    password: str
    good_token: str
    blocked_token: str


class Judge(logging.Handler):
    """Collects what the package logs when the other side breaks a rule.

    A request that this station merely has no handler for breaks none.
    """

    def __init__(self):
        super().__init__(logging.WARNING)
        self.violations = []

    def emit(self, record):
        if record.exc_info and isinstance(record.exc_info[1], (NotImplementedError, NotSupportedError)):
            return
        cause = f": {record.exc_info[1]!r}" if record.exc_info else ""
        self.violations.append(record.getMessage() + cause)


def step(name, **facts):
    """Tells the driving test that something happened."""
    print(json.dumps({"step": name, **facts}), flush=True)


def now():
    """Returns the time as OCPP writes it."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def visit(station_type, subprotocol, orders, life):
    """Connects once, lives the given life beside reading the socket, and disconnects.

    What a command leaves to be done after its answer is a chore; a chore that fails ends the visit.
    """
    credentials = base64.b64encode(f"{orders.identity}:{orders.password}".encode()).decode()
    address = f"{orders.endpoint}/{urllib.parse.quote(orders.identity, safe='')}"
    headers = {"Authorization": f"Basic {credentials}"}
    async with connect(address, subprotocols=[subprotocol], additional_headers=headers) as socket:
        step("connected", subprotocol=socket.subprotocol)
        async with asyncio.TaskGroup() as chores:
            station = station_type(orders, socket, chores)
            reading = chores.create_task(station.start())
            await life(station)
            reading.cancel()


def main(station_type, subprotocol):
    """Lives two lives: one until the server resets the station, and the boot after that."""
    orders = Orders(*sys.argv[1:])
    judge = Judge()
    logging.getLogger("ocpp").addHandler(judge)

    async def lives():
        async with asyncio.timeout(LIFE_MAX_S):
            await visit(station_type, subprotocol, orders, station_type.until_reset)
            await visit(station_type, subprotocol, orders, station_type.boot)

    try:
        asyncio.run(lives())
    finally:
        for violation in judge.violations:
            print(violation, file=sys.stderr)
    if judge.violations:
        sys.exit(1)
    step("done")
