"""From a serial port to samples, events and recordings."""
