"""Innocent relays that the suite was not built with: they can be told little, and do some things their own way.

Each is the reference relay, cut down and altered in a process of its own, behind an adapter that says so. Nothing that
they do is wrong, so the whole suite must find nothing red and nothing inconclusive, wait no longer for them than for
any other, and say why what does not apply does not. One has the adapter with which docs/adapters.md begins. From the
folder `tests`:

    pytest --target=newcomers.target:OneSmartHost --conformance-profile=rfc
    pytest -m staged newcomers                                a part of it for each of them
"""
