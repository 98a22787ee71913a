"""The firmware's C on this computer."""
