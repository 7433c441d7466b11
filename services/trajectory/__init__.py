"""The trajectory service: from statements to the facts of a youth."""
