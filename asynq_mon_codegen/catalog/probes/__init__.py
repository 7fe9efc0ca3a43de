"""How rule tests break workers, hosts and containers in the simulator, one file per domain."""
