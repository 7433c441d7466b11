"""What is signalled to teams and supervisors, and what becomes of each signal."""
