"""The suite: one file for each aspect."""

from conformance.aspect import Aspect
from conformance.suite.test_delivered import test_delivered
from conformance.suite.test_destination_server import test_destination_server
from conformance.suite.test_error_code import test_error_code
from conformance.suite.test_error_detail import test_error_detail
from conformance.suite.test_recovers import test_recovers
from conformance.suite.test_retried import test_retried
from conformance.suite.test_stays_queued import test_stays_queued

ASPECTS: tuple[Aspect, ...] = (
    test_delivered,
    test_error_code,
    test_error_detail,
    test_destination_server,
    test_stays_queued,
    test_retried,
    test_recovers,
)

__all__ = ["ASPECTS"]
