"""One run of pytest with a target: hooks, items, which waves, how they are launched, what schedules come down to."""
