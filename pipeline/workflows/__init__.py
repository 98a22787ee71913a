"""What each command does, from top to bottom: the packages below, joined."""
