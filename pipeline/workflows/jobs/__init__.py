"""Trainings and other work as jobs: on this machine, or on a cluster of Dask."""
