"""The festival wallet: awards, tokens, budgets, the wallet page, withdrawal (ByteDance's half)."""
