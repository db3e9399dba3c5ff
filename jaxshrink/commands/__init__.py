"""The commands for people with photographs. Only what runs a command imports JAX or Pillow."""
