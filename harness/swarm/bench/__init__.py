"""Locustfiles of the benchmarks, which harness/bench plays in processes of their own."""
