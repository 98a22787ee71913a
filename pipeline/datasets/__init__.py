"""Recordings on disk, and what training sequences are made of."""
