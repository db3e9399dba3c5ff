"""Models in files for other programs: RecCNN as ONNX, and all else that `expand` needs. No JAX."""

# Of the JSON beside the graphs; another one is read by another decoder.
FORMAT = 1
