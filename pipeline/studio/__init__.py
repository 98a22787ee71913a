"""The studio: the whole way in a browser, served on this computer by the same workflows."""
