"""The declaration for those who have none: every queue of every asynq behind one Prometheus."""
