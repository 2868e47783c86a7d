"""Every interleaving a seed names, on production's code and SQL: a seeded scheduler, faults, a tape, a shrinker."""
