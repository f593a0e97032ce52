"""From templates to one file of HTML: styles and script within it, and a policy that lets nothing else in.

Autoescape is on for every template: whatever is put in is text, unless it is `Markup`, which only this room makes. The
policy of the page forbids all that is fetched, and every script and style but its own, by their digests: so nothing
that comes from a server or a relay does anything, even if it should once not be escaped.
"""

from __future__ import annotations

import base64
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader
from markupsafe import Markup

from conformance.html.told import letter

_FOLDER = Path(__file__).with_name("templates")


@cache
def environment() -> Environment:
    """Return what templates are read with, those of other views among them."""
    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=ChainableUndefined,  # rows of older versions lack what they did not know
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["letter"] = letter
    made.globals["style"] = _own("page.css")
    made.globals["script"] = _own("page.js")
    made.globals["policy"] = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_digest(_own('page.css'))}'",
            f"script-src '{_digest(_own('page.js'))}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return made


def render(template: str, **given: Any) -> str:
    """Return a page.

    Args:
        template: The name of its template.
        given: What it shows.
    """
    return environment().get_template(template).render(**given)


@cache
def _own(name: str) -> Markup:
    return Markup((_FOLDER / name).read_text(encoding="utf-8"))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(sha256(text.encode('utf-8')).digest()).decode('ascii')}"
