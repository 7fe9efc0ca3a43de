"""Is the running system what the declaration says? Examinations, one module each, and their findings."""
