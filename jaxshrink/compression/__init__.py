"""A photograph's way into a file that meets a target, and back."""
