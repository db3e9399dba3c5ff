"""The networks, and the metrics, on photographs of any size in bounded memory."""
