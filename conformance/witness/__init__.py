"""Proof that a fault was met: attempts and kills, seen in the journal and never in the words of the target."""
