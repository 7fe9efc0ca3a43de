"""From the plan to files, as values: one function per kind of output, none knows another."""
