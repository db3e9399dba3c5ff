"""How a command starts JAX: its device, what was compiled before, freed memory."""
