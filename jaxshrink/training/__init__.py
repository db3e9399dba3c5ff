"""Training: the state, the steps, the loop."""
