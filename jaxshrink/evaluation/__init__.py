"""What a trained pair of networks is worth: through real bytes and 8 bits, in the paper's table."""
