"""A dated report for a team's regular look at its alerts: every section ends with what is to be decided."""
