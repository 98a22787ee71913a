"""Tables as people write them: text of any program, rows and columns."""
