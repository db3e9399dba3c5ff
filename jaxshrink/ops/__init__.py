"""Pure functions: jax.numpy arrays in, arrays out.

Images are NHWC, floating point, in [0, 1], unless a docstring says otherwise.
"""
