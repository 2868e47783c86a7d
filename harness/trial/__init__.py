"""The judge on trial: planted bugs it must find, corrupted recordings it must notice, the clean it must not accuse."""
