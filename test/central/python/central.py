"""A central system on the Python package `ocpp`. Usage: central.py VERSION SEED

It accepts every station, answers what stations say, and sends them on errands all day. The package holds every request
and every response, of both sides, against the JSON schemas that it brings along.

It prints the port it listens on, as one JSON object, and reads one: the time, how many times as fast as this machine's its
clock runs, and a certificate for stations to keep. When standard input ends the day is over, and it prints its report:
which actions it received how often, which it sent and with which outcomes, and every violation of the rules.
"""

import asyncio
import collections
import dataclasses
import datetime
import itertools
import json
import logging
import random
import sys
import time
import traceback
import urllib.parse

import ocpp.v16
import ocpp.v21
import ocpp.v201
from ocpp.charge_point import camel_to_snake_case
from ocpp.exceptions import NotImplementedError, NotSupportedError, OCPPError
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

import errands2
import errands16

EDITIONS = {"1.6": ocpp.v16, "2.0.1": ocpp.v201, "2.1": ocpp.v21}
SPEAKERS = {"1.6": errands16, "2.0.1": errands2, "2.1": errands2}

# How long a station waits for its next errand, on average, by the clock of the day.
PAUSE_S = 540

# How long what is under way may take to come to its end, by the clock of the machine.
END_S = 0.6


class Judge(logging.Handler):
    """Collects violations: what the package logs as an error, and what errands find.

    Those of a kind are counted; the first of them is kept as an example.
    """

    def __init__(self):
        super().__init__(logging.ERROR)
        self.count = collections.Counter()
        self.examples = {}

    def emit(self, record):
        kind = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]!r}"[:150] if record.exc_info else record.msg
        self.note(kind, record.getMessage())

    def note(self, kind, example):
        self.count[kind] += 1
        self.examples.setdefault(kind, example)

    def violations(self):
        return [f"{times} x {kind}; the first: {self.examples[kind]}" for kind, times in self.count.items()]


class Day:
    """What a central system remembers, and its clock."""

    def __init__(self, version, seed):
        self.version = version
        self.seed = seed
        self.judge = Judge()
        self.received = collections.Counter()
        self.sent = collections.defaultdict(collections.Counter)
        self.stations = {}
        self.ids = itertools.count(1)
        self.over = asyncio.Event()

    def begin(self, now, speed, certificate):
        self.start, self.speed, self.origin = datetime.datetime.fromisoformat(now), speed, time.monotonic()
        self.certificate = certificate

    async def pause(self, at_random):
        """Waits for twice a pause at most."""
        await asyncio.sleep(at_random.uniform(0, 2 * PAUSE_S) / self.speed)

    def now(self, after_s=0):
        """Returns the time as OCPP writes it, or that of some seconds later."""
        elapsed = (time.monotonic() - self.origin) * self.speed + after_s
        at = self.start + datetime.timedelta(seconds=elapsed)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def report(self):
        return {"received": self.received, "sent": self.sent, "violations": self.judge.violations()}


@dataclasses.dataclass
class Station:
    """What is known of a station, whatever connection it has."""

    booted: bool = False
    running: dict = dataclasses.field(default_factory=dict)  # EVSE or connector: transaction
    tokens: set = dataclasses.field(default_factory=set)  # that it has shown
    found: dict = dataclasses.field(default_factory=dict)  # what it told about itself, by kind
    asked: set = dataclasses.field(default_factory=set)  # ids of the requests it was sent
    counts: dict = dataclasses.field(default_factory=dict)  # last number of each sequence
    errands: list = dataclasses.field(default_factory=list)  # that are left of this round


def central_of(version):
    """Returns the class that speaks a version: one object of it is one connection of a station."""
    edition, speaker = EDITIONS[version], SPEAKERS[version]

    class Central(edition.ChargePoint):
        def __init__(self, identity, socket, day):
            super().__init__(identity, socket)
            self.day = day
            self.station = day.stations.setdefault(identity, Station())
            self.random = random.Random(f"{day.seed} {identity} {len(day.received)}")
            answers = speaker.answers(self)
            actions = [name for name, kind in vars(edition.call).items() if dataclasses.is_dataclass(kind)]
            self.route_map = {action: {"_on_action": self.answering(action, answers.get(action))} for action in actions}

        def answering(self, action, answer):
            """Returns a handler of the package; without an answer of ours it says as little as it may."""

            def handler(**request):
                fields = answer(**request) if answer else {}
                return getattr(edition.call_result, action)(**fields)

            return handler

        async def _handle_call(self, msg):
            answer = await super()._handle_call(msg)
            if answer is None:
                self.day.judge.note(f"{msg.action}: no answer", msg.payload)
            else:
                self.day.received[msg.action] += 1
            return answer

        async def ask(self, action, payload=None, want=(), may_refuse=False):
            """Sends a command and returns the response: None when the station may do without it and does.

            The response has to be one of the wanted statuses, if any are named.
            """
            payload = payload or {}
            self.station.asked.add(payload.get("requestId"))
            request = getattr(edition.call, action)(**camel_to_snake_case(payload))
            try:
                response = await self.call(request, suppress=False)
            except (NotImplementedError, NotSupportedError) as error:
                self.day.sent[action][type(error).__name__] += 1
                if not may_refuse:
                    self.day.judge.note(f"{action}: refused", f"{payload}: {error!r}")
                return None
            except (OCPPError, asyncio.TimeoutError, TypeError) as error:
                self.day.sent[action][type(error).__name__] += 1
                self.day.judge.note(f"{action}: {type(error).__name__}", f"{payload}: {error!r}")
                return None
            status = getattr(response, "status", None) or "Answered"
            self.day.sent[action][status] += 1
            if want and status not in want:
                self.day.judge.note(f"{action}: got {status}, want {' or '.join(want)}", f"{payload}: {response}")
            return response

        def check_order(self, action, sequence, number):
            """Wants each message of a sequence to have the next number; one that comes again has its own."""
            last = self.station.counts.get(sequence, -1)
            if number not in (last, last + 1):
                self.day.judge.note(f"{action}: out of order", f"{number} of {sequence} after {last}")
            self.station.counts[sequence] = number

        async def run_errands(self):
            """Sends the station on every errand in turn, each round in another order."""
            while not self.station.booted:
                await self.day.pause(self.random)
            left = self.station.errands
            while True:
                await self.day.pause(self.random)
                if self.day.over.is_set():
                    return
                if not left:
                    left.extend(speaker.errands(self.day.version))
                    self.random.shuffle(left)
                await left.pop()(self)

    return Central


async def attend(central):
    """Serves one connection until it ends."""
    errands = asyncio.create_task(central.run_errands())
    try:
        await central.start()
    except ConnectionClosed:
        pass
    finally:
        errands.cancel()
        ended = (await asyncio.gather(errands, return_exceptions=True))[0]
        if isinstance(ended, Exception) and not isinstance(ended, ConnectionClosed):
            central.day.judge.note(f"an errand ended with {type(ended).__name__}", "".join(traceback.format_exception(ended)))


async def main(version, seed):
    day = Day(version, seed)
    logging.getLogger("ocpp").addHandler(day.judge)
    logging.getLogger("ocpp").propagate = False
    central = central_of(version)

    async def connected(socket):
        identity = urllib.parse.unquote(socket.request.path.rsplit("/", 1)[1])
        await attend(central(identity, socket, day))

    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with serve(connected, "127.0.0.1", 0, subprotocols=[f"ocpp{version}"], start_serving=False) as server:
        print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
        day.begin(**json.loads(await lines.readline()))
        await server.start_serving()
        await lines.read()  # until the test has seen enough
        day.over.set()
        await asyncio.sleep(END_S)
        print(json.dumps(day.report()), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
