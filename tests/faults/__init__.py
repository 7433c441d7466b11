"""Faults at processes, broker, database, network and disks, under messages that keep coming, judged against replay."""
