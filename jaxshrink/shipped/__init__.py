"""The models that come with the package, and the list of them."""
