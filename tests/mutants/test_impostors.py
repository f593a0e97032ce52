"""An impostor that ends a run as the adapter's fault unmasks nobody: it must do what it claims to be able to."""

import pytest

from conformance.wave.inspection import check_powers

from .impostors import BlackHole, HoleRelay, LookingParrot, LookingRelay, Parrot, ParrotRelay


@pytest.mark.parametrize(
    ("impostor", "relay"),
    [(BlackHole, HoleRelay), (Parrot, ParrotRelay), (LookingParrot, LookingRelay)],
)
def test_an_impostor_has_what_it_claims(impostor, relay):
    yielded = relay.__new__(relay)
    yielded.submission = ("127.0.0.1", 25)
    check_powers(yielded, impostor.capabilities)
