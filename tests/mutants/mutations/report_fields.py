"""Reports with several things wrong, of which none hides another; and fields that stand for themselves."""

from __future__ import annotations

import re

from mutants.mutant import deviates, fails, mutation
from mutants.reporting import field_added, field_changed

_REFUSED = ("connection_refused.expires",)
_TYPES = "ndr/types"
_INVENTED = "ndr/nothing-invented"


@mutation(
    scenarios=(*_REFUSED, "greeting_421.expires"),
    caught=(fails("ndr_form", "ndr/fields", besides=(_TYPES, _INVENTED)),),
)
def no_action_and_nothing_else_in_order() -> None:
    """Leaves Action out, makes up an Original-Envelope-Id, and names the reporting MTA without a type."""
    field_changed(rb"Action: .*\r\n", b"")
    field_changed(rb"Reporting-MTA: dns;", b"Reporting-MTA:")
    field_added(b"Reporting-MTA:", b"Original-Envelope-Id: QQ314159")


@mutation(scenarios=_REFUSED, caught=(deviates("ndr_form", _INVENTED),))
def original_envelope_id_that_nobody_gave() -> None:
    """Makes up an Original-Envelope-Id."""
    field_added(b"Reporting-MTA: ", b"Original-Envelope-Id: QQ314159")


@mutation(scenarios=("reply_4yz_at_mail.expires",), caught=(fails("ndr_form", _TYPES),))
def remote_mta_without_type() -> None:
    """Names the remote server without the type of its name."""
    field_added(b"Diagnostic-Code: ", b"Remote-MTA: mx1.elsewhere.test")


@mutation(scenarios=_REFUSED, caught=(fails("ndr_form", _TYPES, besides=("ndr/read-by-others",)),))
def final_recipient_without_type() -> None:
    """Names the recipient without the type of the address."""
    field_changed(re.escape(b"Final-Recipient: rfc822;"), b"Final-Recipient: ")


@mutation(scenarios=_REFUSED, profiles=("rfc", "eop-observed"))
def original_recipient_as_in_the_envelope() -> None:
    """Repeats the recipient of the envelope as the original one, as many relays do."""
    field_changed(
        rb"Final-Recipient: rfc822;(\S+)\r\n",
        rb"Original-Recipient: rfc822;\1\r\nFinal-Recipient: rfc822;\1\r\n",
    )
