"""The council report: from figures that are already suppressed to pages in Dutch, as HTML and as PDF."""
