"""Who looked at which youth, when and why: the lines of that log, their chain, and what each look is for."""
