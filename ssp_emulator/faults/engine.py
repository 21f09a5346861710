"""The engine: the rules in force, and the choice of what happens to a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssp_emulator.faults.armed import Armed
from ssp_emulator.faults.fault import NOTHING, Fault, Fired
from ssp_emulator.faults.header import ASK
from ssp_emulator.faults.sieve import Sieve
from ssp_emulator.tallies import PlainTallies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ssp_emulator.clock import Clock
    from ssp_emulator.exchange import Exchange
    from ssp_emulator.faults.rule import Rule
    from ssp_emulator.tallies import Tallies


_MOST_ECHOED = 200  # characters of what a request asks for


class UnknownRuleError(LookupError):
    """A rule is asked for that is not in force, or not for requests; the text says which are."""


class Engine:
    """Rules in force, in their order: that in which they came, a rule that is replaced keeping its place.

    `seed` is what their decisions depend on. `by_header` says whether a request may ask for a rule by name, and
    `tallies` is where rules count. Rules come and go between requests: what was chosen for one stays as it was.
    """

    def __init__(self, clock: Clock, *, seed: int = 0, by_header: bool = True, tallies: Tallies | None = None) -> None:
        self.seed = seed
        self._tallies = tallies or PlainTallies()
        self._clock = clock
        self._by_header = by_header
        self._rules: dict[str, Armed] = {}
        self._for_requests: tuple[Armed, ...] = ()
        self._sieve = Sieve(())
        self._first_end: float | None = None  # when the first of them lifts itself, as a monotonic moment in seconds
        self._for_connections: tuple[Armed, ...] = ()

    def __iter__(self) -> Iterator[Armed]:
        self._lift()
        return iter(tuple(self._rules.values()))

    def get(self, name: str) -> Armed | None:
        """Return the rule of a name; None where none is in force."""
        self._lift()
        return self._rules.get(name)

    @property
    def watches_connections(self) -> bool:
        """Whether any rule is about connections before TLS has shaken hands."""
        return bool(self._for_connections)

    def put(self, rules: Iterable[Rule], *, scenario: str | None = None, only: bool = False) -> tuple[Armed, ...]:
        """Put rules in force, all of them at once; one of a name that is there already is replaced, counts and all.

        `scenario` is where they come from; `only` lifts every other rule. Returns them as they are in force.
        """
        armed = self.arm(rules, scenario=scenario)
        self.hold(armed if only else {**self.rules, **armed})
        return tuple(armed.values())

    def arm(self, rules: Iterable[Rule], *, scenario: str | None = None) -> dict[str, Armed]:
        """Return rules by their names as they would be in force from now on, with counts of their own."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        return {
            rule.name: Armed(
                rule,
                self.seed,
                now,
                monotonic + rule.when.ttl_s if rule.when.ttl_s is not None else None,
                scenario,
                self._tallies.fresh(),
            )
            for rule in rules
        }

    @property
    def rules(self) -> Mapping[str, Armed]:
        """The rules in force by their names, in their order."""
        self._lift()
        return self._rules

    def hold(self, rules: Mapping[str, Armed]) -> None:
        """Have just these in force, in their order."""
        self._rules = dict(rules)
        self._first_end = min((armed.expires for armed in rules.values() if armed.expires is not None), default=None)
        self._for_requests = tuple(armed for armed in rules.values() if not armed.on_connections)
        self._sieve = Sieve(self._for_requests)
        self._for_connections = tuple(armed for armed in rules.values() if armed.on_connections)

    def remove(self, name: str) -> bool:
        """Lift a rule; tell whether there was one."""
        self._lift()
        if name not in self._rules:
            return False
        self.hold({kept: armed for kept, armed in self._rules.items() if kept != name})
        return True

    def clear(self) -> int:
        """Lift every rule, and return how many there were."""
        self._lift()
        lifted = len(self._rules)
        self.hold({})
        return lifted

    def choose(self, exchange: Exchange) -> Fault:
        """Choose what happens to a request.

        Raises `UnknownRuleError` where it asks for a rule that there is not, unless it is refused already.
        """
        asked = exchange.headers.getall(ASK, ()) if ASK in exchange.headers else ()
        if not self._for_requests and not asked:
            return NOTHING
        self._lift()
        names = self._asked(exchange, asked) if asked else ()
        now = self._clock.now()
        fired = []
        for armed in self._for_requests if names else self._sieve.left(exchange):
            firing = armed.ask() if armed.rule.name in names else armed.try_on(exchange, now)
            if firing is not None:
                fired.append(Fired(armed.rule.effect, firing))
        return Fault(fired) if fired else NOTHING

    def meet(self, client: str, sni: str | None) -> Fault:
        """Choose what happens to a connection, of a client's IP address, that asks for a host name."""
        self._lift()
        now = self._clock.now()
        tried = ((armed, armed.try_on_connection(client, sni, now)) for armed in self._for_connections)
        return Fault([Fired(armed.rule.effect, firing) for armed, firing in tried if firing is not None])

    def _asked(self, exchange: Exchange, lines: Iterable[str]) -> frozenset[str]:
        """Return the names of the rules that a request asks for."""
        if not self._by_header:
            exchange.notes.append(f"{ASK} was not heeded: the configuration does not allow it")
            return frozenset()
        names = frozenset(name.strip(" \t") for line in lines for name in line.split(",")) - {""}
        known = {armed.rule.name for armed in self._for_requests}
        if unknown := sorted(names - known):
            said = (
                f"{ASK} should name fault rules that are in force and act on requests, which are: "
                f"{', '.join(sorted(known)) or 'none'}; found {', '.join(unknown)[:_MOST_ECHOED]}"
            )
            if exchange.denial is None:
                raise UnknownRuleError(said)
            exchange.notes.append(said)
        return names

    def _lift(self) -> None:
        """Lift the rules whose time is over."""
        if self._first_end is None or (monotonic := self._clock.monotonic()) < self._first_end:
            return
        self.hold(
            {name: armed for name, armed in self._rules.items() if armed.expires is None or armed.expires > monotonic}
        )
