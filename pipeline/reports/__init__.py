"""The page that tells a newcomer how good a run is, and how that is known."""
