"""What is staged and what must follow, as data: failure modes, courses, scenarios, requirements, profiles."""
