"""The pages behind the alerts, one file per domain: prose and ready commands."""
