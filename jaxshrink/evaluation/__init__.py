"""Evaluation: what really went through bytes and 8 bits, against what people use today."""
