"""Steady traffic on the service, which keeps its own list of every write that was acknowledged.

    python -m examples.gigchain.traffic --url http://127.0.0.1:8000 --ledger ledger.jsonl --seconds 10

It runs until SIGTERM, or for so many seconds, and prints one JSON object. A read asks for a write that was
acknowledged a moment ago: the service has to know it, whichever database it is on.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import httpx

from examples.gigchain.schema import USERS, WALLETS

_THREADS = 8
_TIMEOUT = 120.0
"""Longer than any write waits in a window."""


@dataclass(frozen=True)
class Write:
    """One request, and what must be in the database once it is acknowledged."""

    kind: str
    path: str
    body: Mapping[str, Any]
    values: Mapping[str, Any]


def new_write(chance: random.Random, token: str) -> Write:
    amount = chance.choice((-1, 1)) * chance.randrange(1, 4000) / 4
    user, wallet = f"u{chance.randrange(USERS)}", f"w{chance.randrange(WALLETS)}"
    address = f"0x{chance.getrandbits(160):040x}"
    match chance.choice(("metric", "contract", "transaction", "session")):
        case "metric":
            value = chance.uniform(-1e9, 1e9)
            body = {"metric_type": "señal", "value": value, "user_id": user}
            return Write("metric", "/metrics", {"token": token, **body}, body)
        case "contract":
            body = {"client_id": user, "freelancer_id": "u1", "title": f"Paid 100% ? «{token}»"}
            body |= {"amount": abs(amount)}
            return Write("contract", "/contracts", {"token": token, **body}, body)
        case "transaction":
            path = f"/wallets/{wallet}/transactions"
            values = {"wallet_id": wallet, "amount": amount}
            return Write("transaction", path, {"token": token, "amount": amount}, values)
        case _:
            body = {"wallet_address": address}
            return Write("session", "/sessions", {"token": token, **body}, body)


@dataclass
class Counts:
    """What happened so far; handed round between the threads under one lock."""

    ledger: TextIO
    writes: int = 0
    reads: int = 0
    failed: list[str] = field(default_factory=list)
    write_seconds: list[float] = field(default_factory=list)
    read_seconds: list[float] = field(default_factory=list)
    recent: deque[tuple[str, int, str]] = field(default_factory=lambda: deque(maxlen=500))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledged(self, write: Write, token: str, number: int, seconds: float) -> None:
        line = {"token": token, "kind": write.kind, "id": number, "values": write.values}
        line |= {"at": round(time.time(), 3), "seconds": round(seconds, 4)}
        with self.lock:
            self.writes += 1
            self.write_seconds.append(seconds)
            self.recent.append((write.kind, number, token))
            self.ledger.write(json.dumps(line) + "\n")
            self.ledger.flush()

    def read(self, seconds: float) -> None:
        with self.lock:
            self.reads += 1
            self.read_seconds.append(seconds)

    def failure(self, text: str, token: str) -> None:
        """A write that failed may still have happened: the ledger says that nobody knows."""
        with self.lock:
            self.failed.append(text)
            if token:
                self.ledger.write(json.dumps({"token": token, "unknown": text}) + "\n")
                self.ledger.flush()

    def summary(self) -> dict[str, Any]:
        return {
            "writes": self.writes,
            "reads": self.reads,
            "failed": len(self.failed),
            "failures": self.failed[:5],
            "slowest_write": round(max(self.write_seconds, default=0.0), 3),
            "slowest_read": round(max(self.read_seconds, default=0.0), 3),
            "median_write": round(_part(self.write_seconds, 0.5), 4),
            "p99_write": round(_part(self.write_seconds, 0.99), 4),
        }


class Traffic:
    """Threads that send `writes` and `reads` a second, each at its own beat. A thread that was held up
    catches up afterwards, so the rate is kept over the whole."""

    def __init__(self, url: str, counts: Counts, *, name: str, writes: float, reads: float) -> None:
        self._url, self._counts, self._name = url, counts, name
        self._stop = threading.Event()
        beats = [(self._write, writes), (self._read, reads)]
        self._threads = [
            threading.Thread(target=work, args=(number, _THREADS / rate))
            for work, rate in beats
            for number in range(_THREADS)
            if rate > 0
        ]

    def run(self, seconds: float | None, asked_to_stop: Callable[[], bool]) -> None:
        end = None if seconds is None else time.monotonic() + seconds
        for thread in self._threads:
            thread.start()
        while not asked_to_stop() and (end is None or time.monotonic() < end):
            time.sleep(0.05)
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, thread: int, every: float) -> None:
        chance = random.Random(f"{self._name} {thread}")
        with httpx.Client(base_url=self._url, timeout=_TIMEOUT) as client:
            for number in self._beats(thread, every):
                token = f"{self._name}-{thread}-{number}"
                write = new_write(chance, token)
                begun = time.monotonic()
                try:
                    answer = client.post(write.path, json=write.body)
                except httpx.HTTPError as error:
                    self._counts.failure(f"{write.path}: {type(error).__name__}: {error}", token)
                    continue
                if answer.status_code == 201:
                    seconds = time.monotonic() - begun
                    self._counts.acknowledged(write, token, answer.json()["id"], seconds)
                else:
                    self._counts.failure(f"{write.path}: {answer.status_code} {answer.text}", token)

    def _read(self, thread: int, every: float) -> None:
        chance = random.Random(thread)
        pages = ("/metrics", "/health", *(f"/wallets/w{n}" for n in range(0, WALLETS, 50)))
        with httpx.Client(base_url=self._url, timeout=_TIMEOUT) as client:
            for _ in self._beats(thread, every):
                with self._counts.lock:
                    known = chance.choice(self._counts.recent) if self._counts.recent else None
                kind, number, token = known if known and chance.random() < 0.7 else ("", 0, "")
                path = f"/{kind}s/{number}" if kind else chance.choice(pages)
                begun = time.monotonic()
                try:
                    answer = client.get(path)
                except httpx.HTTPError as error:
                    self._counts.failure(f"{path}: {type(error).__name__}: {error}", "")
                    continue
                if answer.status_code != 200 or (token and answer.json()["token"] != token):
                    self._counts.failure(f"{path}: {answer.status_code} {answer.text}, not {token}", "")
                else:
                    self._counts.read(time.monotonic() - begun)

    def _beats(self, thread: int, every: float) -> Iterator[int]:
        due = time.monotonic() + every * thread / _THREADS
        for number in itertools.count():
            if self._stop.wait(max(0.0, due - time.monotonic())):
                return
            yield number
            due += every


def _part(seconds: list[float], part: float) -> float:
    return sorted(seconds)[int(len(seconds) * part)] if seconds else 0.0


def main() -> None:
    words = argparse.ArgumentParser(description="steady traffic on the example service")
    words.add_argument("--url", required=True)
    words.add_argument("--ledger", required=True, type=Path)
    words.add_argument("--writes", type=float, default=100, help="a second")
    words.add_argument("--reads", type=float, default=100, help="a second")
    words.add_argument("--seconds", type=float, help="without it: until SIGTERM")
    given = words.parse_args()
    # A second run on the same database must not repeat the first one's tokens.
    name = f"t{time.time_ns() // 1_000_000:x}"
    with given.ledger.open("a", encoding="utf-8") as ledger:
        counts = Counts(ledger)
        traffic = Traffic(given.url, counts, name=name, writes=given.writes, reads=given.reads)
        signals: list[int] = []
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda number, _: signals.append(number))
        traffic.run(given.seconds, lambda: bool(signals))
    print(json.dumps(counts.summary()))


if __name__ == "__main__":
    main()
