"""Rules over history, evaluated by Prometheus itself: a server of its own on the loopback interface, and promtool."""
