"""The reference relay as one that serves one destination only, so that each scenario has an instance to itself.

In a file of its own, since a wave imports its target: what is measured beside it does not count.
"""

from __future__ import annotations

from conformance.target import Capability
from conformance.targets.reference import ReferenceTarget


class OneEach(ReferenceTarget):
    """The same but for `MANY_CONNECTORS`."""

    name = "reference, one instance for each scenario"
    capabilities = ReferenceTarget.capabilities - {Capability.MANY_CONNECTORS}
