"""`mailflow-conformance COMMAND`: what comes with the suite besides pytest; `python -m conformance` is the same."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

NAME = "mailflow-conformance"


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command.

    Attributes:
        name: The word that calls it.
        about: What it does, in a few words.
        module: Where it lives; imported only when it is run. Its `main` takes the arguments behind the name, and how
            to call itself, and returns the exit status.
    """

    name: str
    about: str
    module: str

    def run(self, arguments: Sequence[str]) -> int:
        """Run it and return its exit status."""
        main: Callable[..., int] = import_module(self.module).main
        return main(arguments, prog=f"{NAME} {self.name}")


_ALL = (
    Command(
        name="new",
        about="an adapter for your relay to begin with: a file, or a class in Python",
        module="conformance.authoring.new_adapter",
    ),
    Command(
        name="check",
        about="try an adapter on three messages: what it reads, and what is missing, in seconds",
        module="conformance.authoring.check",
    ),
    Command(
        name="demo",
        about="a refused connector, the alert, Fix now and the reports, played in this terminal",
        module="conformance.demo",
    ),
    Command(
        name="relay",
        about="the reference relay: serve, queue, flush, alerts, reload, fix-now",
        module="conformance.reference.cli",
    ),
    Command(
        name="fake", about="one misbehaving server by hand: smtp, dns, tcp", module="fake_servers.__main__"
    ),
    Command(
        name="merge",
        about="one report of a run that was divided among machines",
        module="conformance.session.merge",
    ),
    Command(
        name="unpack",
        about="put a relay where its adapter finds it, without installing it",
        module="conformance.targets.kit.unpack",
    ),
    Command(name="page", about="the page of a report, in HTML", module="conformance.html.__main__"),
    Command(
        name="compare",
        about="what changed from one run to another, for people and for CI",
        module="conformance.across.compare",
    ),
    Command(
        name="matrix",
        about="relays side by side, requirement by requirement",
        module="conformance.across.matrix",
    ),
    Command(
        name="catalogue",
        about="the versions of the catalogue, for --conformance-catalogue",
        module="conformance.pages.versions",
    ),
    Command(
        name="keygen",
        about="a pair of keys for certificates",
        module="conformance.certificate.keygen",
    ),
    Command(
        name="certify",
        about="sign what a complete run found",
        module="conformance.certificate.certify",
    ),
    Command(
        name="verify",
        about="check a certificate: its signature, its files, and every verdict anew",
        module="conformance.certificate.verify",
    ),
    Command(
        name="pages", about="write the generated pages of the manual", module="conformance.pages.__main__"
    ),
)
COMMANDS: Mapping[str, Command] = {command.name: command for command in _ALL}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; 2 if there is no such command."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if not given or given[0] in ("-h", "--help"):
        print(_usage(), file=sys.stdout if given else sys.stderr)
        return 0 if given else 2
    if given[0] == "--version":
        from conformance import __version__

        print(f"{NAME} {__version__}")
        return 0
    command = COMMANDS.get(given[0])
    if command is None:
        print(f"{NAME}: no command is called {given[0]!r}; there are {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    return command.run(given[1:])


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {command.about}" for name, command in COMMANDS.items()]
    return "\n".join(
        [
            f"usage: {NAME} COMMAND ...",
            "",
            *lines,
            "",
            f"`{NAME} COMMAND --help` says more. A relay is judged by pytest: `pytest --target=NAME`.",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())
