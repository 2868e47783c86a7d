"""Accounts and double-entry postings: a system of its own, sharded by account (Money rule 1)."""
