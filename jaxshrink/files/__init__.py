"""What files say beside their pixels: read, corrected, written, taken out.

Nothing here decodes a picture. What a file claims is believed only as far as it lies inside of it.
"""
