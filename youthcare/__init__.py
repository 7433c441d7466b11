"""The shared language of Trajectwacht: periods, codes, events and outcomes, all pure."""
