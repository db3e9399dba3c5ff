"""Learned image compression whose output is still a plain JPEG."""

__version__ = "0.1.0"
