"""`jaxshrink bench`: methods of all kinds on the same images, compared by rate and distortion."""
