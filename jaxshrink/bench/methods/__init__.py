"""What `bench` compares: codecs, shipped models, runs, other programs."""
