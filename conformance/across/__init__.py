"""Views of several runs: what changed from one to another, and how several relays stand side by side.

They are made from reports (`report.jsonl`) alone; records are judged first. Nothing here stages or judges.
"""
