"""Anything at all at the doors: inputs made from entropy, judged by what may be said of every answer."""
