"""Files that people write: journeys, dialects and settings, damaged, to their loaders.

Half of the cases are good documents of which the data was changed, so that faults reach beyond the YAML; half are texts
in which lines and words were. What must hold: a loader gives what it loads, or raises its own error with faults of
which each has a place in the text and says something of bounded length; and what was loaded can be compiled and used.
"""

from __future__ import annotations

import json
import linecache
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from random import Random
from tempfile import mkdtemp
from typing import Any, Final

import orjson
import yaml

from journey.faults import JourneyError
from journey.loading import load as load_journey
from journey.machine import Tick, apply, compile_journeys, step
from journey.saving import decode, encode
from schemas.dialects import DialectError, load_dialect
from schemas.reading import Reader
from schemas.signals import KINDS, Origin, Signal
from stagewatch.mistakes import Mistake
from stagewatch.settings.loading import SettingsError, leaves, variable
from stagewatch.settings.loading import load as load_settings
from stagewatch.settings.showing import shown
from tests.fuzz import conditions, hostile
from tests.fuzz.events import AT, ROOT, wrong

MOST_SAID: Final = 1_500
"""Characters of one fault."""

SMALL: Final = """
journey: cart
version: 1
title: The cart
lateness: 1h
signals: {store_visited: somebody came by}
groups:
  touches: [cart_updated, checkout_started]
facts:
  cart_value: {last: value, of: touches, reset: order_completed, per: cart}
  orders: {count: order_completed, within: 30d}
  spent: {sum: revenue, if: revenue > 10 or not (coupon == 'x')}
tracks:
  cart:
    per: cart
    initial: empty
    stages: {empty: nothing in it, filled: something, abandoned: left, ordered: done}
    moves:
      - {name: begun, from: [empty, ordered], to: filled, on: cart_updated, if: not (items == 0), grace: 1m}
      - {name: ordered, from: [empty, filled, abandoned], to: ordered, on: order_completed}
      - {name: left, from: filled, to: abandoned, after: 30m, since: touches, publish: [cart_value], route: left,
         cooldown: 1d, reset_on: order_completed}
  loyalty:
    furthest: true
    stages:
      new: {means: nothing yet, within: 90d}
      loyal:
    moves:
      - {name: won, from: new, to: loyal, on: [order_completed, store_visited], if: orders >= 2 and spent / orders > 5, once: true}
      - {name: lost, from: any, to: new, after: 1d12h}
examples:
  - name: left alone
    tracks: cart
    signals: [{at: 0s, kind: cart_updated, value: 30, items: 1, cart: c}]
    until: 2h
    transitions: [begun at 0s, {move: left, at: 30m, facts: {cart_value: 30}}]
"""

SETTINGS: Final = """
app_id: shop
broker: kafka-1:9092,kafka-2:9092
security: {protocol: SASL_SSL, mechanism: PLAIN, username: me, password: secret}
sources: [{topic: shop-events, dialect: segment}, orders=shopify]
journeys: [five-stage]
topics: {prefix: shop., transitions: moves}
partitions: 8
max_record_bytes: 65536
clock: {idle_after: 1s, future_skew: 5m}
store: {kind: memory}
http: {host: 127.0.0.1, port: 8000}
client: {session_timeout: 20s, batch_records: 500}
log: {format: json}
"""

TOML: Final = """
app_id = "shop"
broker = "kafka:9092"
sources = ["shop-events=segment", {topic = "orders", dialect = "auto"}]
partitions = 8
[clock]
idle_after = "never"
future_skew = "5m"
[security]
protocol = "SASL_SSL"
username = "me"
password = "secret"
"""

_SCALARS: Final = (
    "", "~", "null", "true", "yes", "on", "0", "-1", "007", "0o7", "0x1F", "1_000", "1e3", "1e999", "-1e999", ".inf", ".nan",
    "9" * 19, "9" * 4400, "12:30", "2024-03-13", "2024-03-13T10:21:14Z", "any", "0s", "30m", "1h30m", "999999999w", "36526d", "5",
    "''", '"\\ud800"', '"\\U00110000"', '"\\0"', '"\\x"', "'", '"', "&a", "*a", "&a *a", "&a [*a]", "!!int x", "!!bool maybe",
    "!!null x", "!!float x", "!!str 5", "!!binary aGk=", "!!set {a}", "!!omap [a: 1]", "!!timestamp 2024-01-01",
    "!!python/object/apply:os.system [ls]", "!local x", "!<tag:x,2024:y> 1", "! 5", "|", ">", "|-\n  a\n  b", "?", "? a", "- a", "-",
    "- - - a", ": ", "a: b: c", "[", "]", "{", "}", "[]", "{}", "[[]]", "{a: }", "{? [a] : b}", "{<<: *a}", "<<", "=", "@", "`",
    "%", "#", ",", "\t", "\ta: 1", "a\tb", "\ufeff", "\x07", "\x85", "\u2028", "\ud800", "---", "...", "%YAML 1.2", "%YAML 2.0",
    "%YAML " + "9" * 4400 + ".1", "%TAG ! x", "[" * 50, "[" * 3000, "{a: " * 400, "- " * 400, "? " * 300, "a, " * 500, "__class__",
    "x" * 70, "x" * 5000, "é", "\U0001f600", "journey", "five-stage", "order_completed", "no_such_kind", "cart", "value", "revenue",
    "orders > 1", "orders / 0 > 1", "not orders", "'x' == channel", "userId", "a.b[0].c[]", "a[", "header:X", "envelope:id", '"a.b"',
)  # fmt: skip


def _bomb(random: Random) -> str:
    """Aliases of aliases, keys that merge, or lists in lists: little text that stands for much."""
    wide = random.choice((2, 10, 30))
    rows = ["a0: &a0 [x, y]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * wide)}]" for n in range(1, random.choice((3, 9, 30)))]
    merging = ["b: &b {x: 1}", *(f"c{n}: {{<<: *b, <<: [*b, *b]}}" for n in range(wide))]
    cyclic = ["d: &d {e: *d, f: [*d, *d]}"]
    return "\n".join(random.choice((rows, merging, cyclic)))


class _Documents:
    """Documents made of good ones, of which `data` are read already."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = [*texts]
        self.data = [orjson.dumps(_plain(text)) for text in texts if not text.startswith('\napp_id = "')]

    def document(self, random: Random) -> str:
        """A document's text."""
        if random.random() < 0.5:
            data = orjson.loads(random.choice(self.data))
            hostile.mutate(random, data)
            self.spoil(random, data)
            try:
                return json.dumps(data, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, 1)))
            except RecursionError:
                return "[" * 2000
        lines = random.choice(self.texts).split("\n")
        for _ in range(random.choice((1, 1, 2, 4))):
            self.change(random, lines)
        text = "\n".join(lines)
        return _bomb(random) + "\n" + text if random.random() < 0.03 else text

    def spoil(self, random: Random, data: Any) -> None:
        """Put something of a document's own language where it does not belong."""
        for container, key in random.sample(found, min(2, len(found))) if (found := hostile._places(data)) else ():  # noqa: SLF001
            if random.random() < 0.6:
                try:
                    container[key] = random.choice((random.choice(_SCALARS), conditions.truth(random, 2)))
                except (IndexError, KeyError):
                    continue

    def change(self, random: Random, lines: list[str]) -> None:
        """Do something to a line."""
        at = random.randrange(len(lines))
        line = lines[at]
        match random.randrange(9):
            case 0:
                del lines[at]
                lines.append("")
            case 1:
                lines.insert(at, line)
            case 2:
                lines[at] = random.choice((" ", "  ", "\t", "- ")) + line
            case 3:
                lines[at] = line[random.choice((1, 2)) :]
            case 4:
                lines[at] = line.partition(":")[0] + ": " + random.choice(_SCALARS)
            case 5:
                words = line.split(" ")
                words[random.randrange(len(words))] = random.choice(_SCALARS)
                lines[at] = " ".join(words)
            case 6:
                lines[at], other = random.choice(lines), line
                lines[random.randrange(len(lines))] = other
            case 7:
                where = random.randrange(len(line) + 1)
                lines[at] = line[:where] + random.choice((*_SCALARS, chr(random.randrange(0x3000)))) + line[where:]
            case _:
                lines[at] = line.replace(": ", random.choice((":", " : ", ": &a ", ": !!str ", ": *a ", ": |\n")), 1)


def _plain(text: str) -> Any:
    """The data of a document, with YAML 1.1's `on` put right."""
    return json.loads(json.dumps(yaml.load(text, Loader=yaml.BaseLoader)))  # noqa: S506  it makes text of everything


def _wrong_faults(text: str, faults: Iterable[Any], error: Exception) -> str | None:
    listed = list(faults)
    if not listed:
        return "refused without a fault"
    lines = text.count("\n") + text.count("\r") + text.count("\x85") + text.count("\u2028") + text.count("\u2029") + 1
    for fault in listed:
        if not fault.message or len(str(fault)) > MOST_SAID:
            return f"a fault of {len(str(fault))} characters: {str(fault)[:300]}"
        if not (1 <= fault.line <= lines and fault.column >= 1):
            return f"a fault outside of the text: {fault}"
    return "its faults are too many" if len(listed) > 201 or len(str(error)) > 201 * MOST_SAID else None


class Journeys(_Documents):
    """Journeys to their loader; what is loaded is compiled, and signals are played on it."""

    def __init__(self) -> None:
        small = [SMALL.strip() + "\n"] * 12
        files = ["journeys/four-stage.yaml", "journeys/six-cs.yaml", "examples/journeys/marketplace.yaml"]
        super().__init__([*small, *((ROOT / file).read_text(encoding="utf-8") for file in files)])

    def make(self, random: Random) -> tuple[str, int]:
        """A journey's text, and the seed of the signals to play."""
        return self.document(random), random.randrange(2**32)

    def check(self, case: tuple[str, int]) -> str | None:
        """What is wrong with what comes of a journey."""
        text, seed = case
        try:
            definition = load_journey(text, "fuzzed.yaml")
        except JourneyError as error:
            return _wrong_faults(text, error.faults, error)
        machine = compile_journeys([definition])
        random = Random(seed)
        memory = None
        for offset in range(8):
            kind = random.choice([*KINDS, *definition.signals])
            attributes: dict[str, Any] = {
                "value": random.choice((0, 1e12, -3.5)),
                "items": 2,
                "revenue": 20,
                "cart": "c",
            }
            at = AT + random.choice((0, 10**6, 10**8, 10**10, 4 * 10**12))
            signal = Signal("u", kind, at, f"m{offset}", attributes, Origin("events", 0, offset))
            memory, _ = apply(machine, memory, "u", "events", [signal])
        assert memory is not None
        saved = encode(machine, memory)
        again = decode(machine, "u", saved)
        step(machine, again, Tick(AT + 10**12))
        linecache.clearcache()
        return (
            None if encode(machine, decode(machine, "u", saved)) == saved else "its memory is not read back as it was"
        )


class Dialects(_Documents):
    """Dialects to their loader; what is loaded reads a few events."""

    def __init__(self) -> None:
        paths = [*(ROOT / "schemas" / "dialects").glob("*.yaml"), *(ROOT / "examples" / "dialects").glob("*.yaml")]
        texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(paths)}
        super().__init__([*texts.values(), *[texts["otto"], texts["stagewatch"], texts["cloudevents"]] * 4])

    def make(self, random: Random) -> str:
        """A dialect's text."""
        return self.document(random)

    def check(self, case: str) -> str | None:
        """What is wrong with what comes of a dialect."""
        try:
            dialect = load_dialect(case, "fuzzed.yaml")
        except DialectError as error:
            return _wrong_faults(case, error.faults, error)
        linecache.clearcache()
        found = None
        for read_as in ("auto", dialect.dialect):
            reader = Reader({dialect.dialect: dialect}, read_as)
            for event in _EVENTS:
                value = orjson.dumps(event)
                outcomes = reader.read(value, Origin("e", 0, 1), headers=[("ce_type", b"x")])
                if dialect.own or dialect.somebody:
                    continue
                found = found or wrong(outcomes, (value, None, [("ce_type", b"x")]), Origin("e", 0, 1), None)
        return found


_EVENTS: Final = (
    {"userId": "u", "event": "Product Added", "type": "track", "timestamp": "2024-03-13T10:21:14Z", "messageId": "m",
     "properties": {"cart_id": "c", "products": [{"price": 5}]}},
    {"customer": "u", "kind": "cart_updated", "at": AT, "id": "m", "attributes": {"value": 3}},
    {"session": "u", "events": [{"aid": 1, "ts": AT, "type": "carts"}, 5]},
    {"specversion": "1.0", "id": "1", "source": "/", "type": "x", "data": {"userId": "u"}},
)  # fmt: skip


class Settings(_Documents):
    """Settings in files and in the environment to their loader."""

    def __init__(self) -> None:
        super().__init__([SETTINGS, TOML])
        self.folder = Path(mkdtemp(prefix="stagewatch-fuzz-"))
        self.names = [variable(leaf) for leaf, _ in leaves()]

    def make(self, random: Random) -> tuple[str, str, dict[str, str]]:
        """The ending of a file's name, its text, and an environment."""
        text = self.document(random)
        ending = "toml" if text.lstrip().startswith("app_id =") or random.random() < 0.02 else "yaml"
        environment = {}
        for _ in range(random.choice((0, 0, 1, 2))):
            name = random.choice((*self.names, "STAGEWATCH_", "STAGEWATCH_CLOCK", hostile.text(random)))
            environment[name] = random.choice(
                (*_SCALARS, *hostile.TEXTS, '["a"', "[1]", '["\\ud800"]', "a=b,c=d", "a=,=b", "=" * 50)
            )
        return ending, text, environment

    def check(self, case: tuple[str, str, dict[str, str]]) -> str | None:
        """What is wrong with what comes of settings."""
        ending, text, environment = case
        path = self.folder / f"{os.getpid()}.{ending}"
        path.write_bytes(text.encode(errors="surrogatepass"))
        try:
            loaded = load_settings(environment, str(path))
        except SettingsError as error:
            long = [str(fault)[:300] for fault in error.faults if len(str(fault)) > MOST_SAID]
            told = [str(fault) for fault in error.faults if "security." in str(fault) and "'secret'" in str(fault)]
            if told:
                return f"a secret is told: {told}"
            return f"faults out of measure: {long}" if long or not error.faults else None
        except Mistake as error:
            return f"another mistake: {error!r}"
        listed = shown(loaded)
        "\n".join(map(str, listed)).encode()
        hidden = ("password", "token")
        return (
            "a secret is shown"
            if any(value == "secret" for name, value, _ in listed if name.endswith(hidden))
            else None
        )
