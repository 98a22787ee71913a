"""From a trained network to int8: flatbuffer, oracle, golden vectors, and the contract in C."""
