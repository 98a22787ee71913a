"""What several packages must agree on: errors, files, artifacts, the contract, runs, boards."""
