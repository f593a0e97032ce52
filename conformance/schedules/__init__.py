"""Fault schedules: sequences of faults and an ending, how they are drawn, and what proves that each was met."""
