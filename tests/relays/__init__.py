"""What is known of real relays: for each one a list of verdicts that are not passes, and the check against a report."""
