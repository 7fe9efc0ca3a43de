"""One file, one story: ``fault_*`` break something, ``healthy_*`` must stay quiet."""
