"""From a converted run to a board that proves it runs it."""
