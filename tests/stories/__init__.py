"""Stories: what the law says about one youth at a time, readable by who knows the field and not the code."""
