"""The group-packet system: send, pay, grab, open, details, expiry (WeChat's half)."""
