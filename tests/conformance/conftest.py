"""What all tests of this folder share."""

from hypothesis import settings

# how long an example takes says something of the machine, which others use as well
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
