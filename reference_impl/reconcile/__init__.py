"""Reconciliations, one file each: idempotent, runnable at any time, each finds a difference and repairs it."""
