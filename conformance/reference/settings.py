"""The configuration file of a running relay: what may change in it, and how a change is saved.

The file is the one truth: every change is the file's, checked as a whole, then on disk at one stroke, then in
force. A change that is refused leaves file and relay as they were.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

from .config import Config, DomainType
from .config_file import parse, read_text
from .config_reader import ConfigError
from .files import write_durably
from .routing import fix_now_domains
from .toml_edit import Edit, edit

# What can change while the relay runs; everything else is part of how it was started.
_LIVE = {"alert", "connectors", "accepted_domains", "trust_anchors"}


class Settings:
    """The file and what is in force of it.

    Args:
        path: The configuration file.

    Attributes:
        config: The configuration in force.

    Raises:
        ConfigError: The file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._text = read_text(path)
        self.config = parse(self._text, source=path)

    def reload(self, draft: Path | None = None) -> Config:
        """Put the file in force as it is now, or a draft of it, which then takes its place; return what is in force.

        Raises:
            ConfigError: It is not valid, or changes what cannot change; nothing has happened.
            OSError: It could not be saved; nothing has happened.
        """
        source = draft or self._path
        text = read_text(source)
        config = parse(text, source=source)
        self._refuse_fixed(config, source)
        if draft is not None:
            self._save(text)
        self._text, self.config = text, config
        return config

    def fix_now(self, domain: str) -> Config:
        """Turn the connector of a domain off and make its accepted domains authoritative; return what is in force.

        Both are saved in one step, comments and all else stay as they are. Done already, it does nothing.

        Raises:
            ConfigError: There is no such connector or accepted domain, or the file cannot be edited.
            OSError: It could not be saved; nothing has happened.
        """
        if read_text(self._path) != self._text:
            raise ConfigError(f"{self._path}: has been edited since it was put in force; reload it first")
        text = edit(self._text, self._fix_now_edits(domain.lower().removesuffix(".")), source=self._path)
        config = parse(text, source=self._path)
        if text != self._text:
            self._save(text)
        self._text, self.config = text, config
        return config

    def _fix_now_edits(self, domain: str) -> list[Edit]:
        connectors = [each.domain for each in self.config.connectors]
        accepted = fix_now_domains(domain, self.config)
        if domain not in connectors:
            known = ", ".join(connectors) or "none"
            raise ConfigError(f"{self._path}: no connector is named {domain!r}; connectors: {known}")
        if not accepted:
            raise ConfigError(
                f"{self._path}: no accepted domain has the connector {domain!r}: it leads to a partner, whose "
                "recipients this relay cannot know"
            )
        names = [each.domain for each in self.config.accepted_domains]
        return [
            Edit("connector", connectors.index(domain), "enabled", False),
            *(
                Edit("accepted_domain", names.index(each.domain), "type", DomainType.AUTHORITATIVE.value)
                for each in accepted
                if each.type is not DomainType.AUTHORITATIVE
            ),
        ]

    def _refuse_fixed(self, config: Config, source: Path) -> None:
        for each in fields(Config):
            if each.name not in _LIVE and getattr(config, each.name) != getattr(self.config, each.name):
                raise ConfigError(
                    f"{source}: key {each.name!r} cannot change while the relay runs; what can: "
                    "accepted_domain, alert, connector, trust_anchors"
                )

    def _save(self, text: str) -> None:
        write_durably(self._path, text.encode("utf-8"), self._path.parent)
