"""A real asynq system on the loopback interface, with the generated monitoring, that can be broken on purpose."""
