"""The virtual and native boards as a user meets them: start, port, feed, stop."""
