"""What the rules would have done on real history, and what people would have heard of it."""
