"""A relay of an afternoon, on which the summary of many reds is tried."""
