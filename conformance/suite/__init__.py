"""The suite: one file for each aspect."""

from conformance.judging.aspect import Aspect
from conformance.suite.test_alert_cleared import test_alert_cleared
from conformance.suite.test_alert_detail import test_alert_detail
from conformance.suite.test_alert_raised import test_alert_raised
from conformance.suite.test_alert_threshold import test_alert_threshold
from conformance.suite.test_avoids import test_avoids
from conformance.suite.test_beside_backlog import test_beside_backlog
from conformance.suite.test_clock_moved import test_clock_moved
from conformance.suite.test_delay_notice import test_delay_notice
from conformance.suite.test_delivered import test_delivered
from conformance.suite.test_delivered_later import test_delivered_later
from conformance.suite.test_delivers_anyway import test_delivers_anyway
from conformance.suite.test_destination_server import test_destination_server
from conformance.suite.test_drains import test_drains
from conformance.suite.test_each_recipient import test_each_recipient
from conformance.suite.test_edit_refused import test_edit_refused
from conformance.suite.test_error_code import test_error_code
from conformance.suite.test_error_detail import test_error_detail
from conformance.suite.test_exactly_once import test_exactly_once
from conformance.suite.test_expires import test_expires
from conformance.suite.test_forgets_clear import test_forgets_clear
from conformance.suite.test_healed_late import test_healed_late
from conformance.suite.test_last_host import test_last_host
from conformance.suite.test_ndr_form import test_ndr_form
from conformance.suite.test_ndr_status import test_ndr_status
from conformance.suite.test_never_in_clear import test_never_in_clear
from conformance.suite.test_no_ndr import test_no_ndr
from conformance.suite.test_not_purged import test_not_purged
from conformance.suite.test_nothing_lost import test_nothing_lost
from conformance.suite.test_one_ndr import test_one_ndr
from conformance.suite.test_quotes_safely import test_quotes_safely
from conformance.suite.test_recovers import test_recovers
from conformance.suite.test_refreshes import test_refreshes
from conformance.suite.test_rejected_at_once import test_rejected_at_once
from conformance.suite.test_reply_kept import test_reply_kept
from conformance.suite.test_reports_refusal import test_reports_refusal
from conformance.suite.test_retried import test_retried
from conformance.suite.test_retried_all_day import test_retried_all_day
from conformance.suite.test_returned_at_once import test_returned_at_once
from conformance.suite.test_stays_queued import test_stays_queued
from conformance.suite.test_stops_trying import test_stops_trying
from conformance.suite.test_survives_restart import test_survives_restart
from conformance.suite.test_times_out import test_times_out
from conformance.suite.test_tls_floor import test_tls_floor
from conformance.suite.test_uses_tls import test_uses_tls

ASPECTS: tuple[Aspect, ...] = (
    test_delivered,
    test_beside_backlog,
    test_delivers_anyway,
    test_delivered_later,
    test_uses_tls,
    test_never_in_clear,
    test_forgets_clear,
    test_tls_floor,
    test_avoids,
    test_error_code,
    test_error_detail,
    test_destination_server,
    test_last_host,
    test_stays_queued,
    test_retried,
    test_times_out,
    test_recovers,
    test_reply_kept,
    test_refreshes,
    test_returned_at_once,
    test_reports_refusal,
    test_quotes_safely,
    test_each_recipient,
    test_retried_all_day,
    test_clock_moved,
    test_expires,
    test_one_ndr,
    test_ndr_form,
    test_ndr_status,
    test_delay_notice,
    test_no_ndr,
    test_healed_late,
    test_survives_restart,
    test_exactly_once,
    test_nothing_lost,
    test_alert_threshold,
    test_alert_raised,
    test_alert_detail,
    test_alert_cleared,
    test_rejected_at_once,
    test_stops_trying,
    test_not_purged,
    test_drains,
    test_edit_refused,
)

__all__ = ["ASPECTS"]
