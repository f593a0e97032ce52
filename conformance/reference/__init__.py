"""The reference relay: the mail system of the source document, made small and real.

It takes mail by SMTP, keeps it in a durable spool, delivers it through connectors (smart hosts or MX, with
TLS rules), retries for the queue's lifetime, explains every failure with a code, a detail and a destination
server, and at the end returns a non-delivery report. It runs as a process of its own::

    python -m conformance.reference serve --config relay.toml

How mail moves: `intake` -> `spool` -> `relay` (when) -> `routing` (where) -> `delivery`, `session` and
`transaction` (how), or `mailbox` -> `classify` and `errors` (what went wrong) -> `dsn`. What an operator sees
and does: `alerts` and `remedies`; `settings`.

The package imports nothing else of this project, and the suite never imports it: expected values and actual
values must not share a mistake.
"""
