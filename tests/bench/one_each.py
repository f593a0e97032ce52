"""The reference relay as one that serves one destination only, so that each scenario has an instance to itself."""

from __future__ import annotations

from conformance.target import Capability
from conformance.targets.reference import ReferenceTarget


class OneEach(ReferenceTarget):
    """The same but for `MANY_CONNECTORS`."""

    name = "reference, one instance for each scenario"
    capabilities = ReferenceTarget.capabilities - {Capability.MANY_CONNECTORS}
