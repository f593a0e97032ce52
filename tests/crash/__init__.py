"""The relay is killed, starved of disk and started again: nothing that it accepted may be lost."""
