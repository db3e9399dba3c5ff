"""Images from disk, as uint8 arrays on the host; a batch is a function of (seed, step)."""

from jaxshrink.data.batches import BatchSampler, prefetch
from jaxshrink.data.cohorts import Cohort, open_cohort
from jaxshrink.data.files import is_grayscale, list_images, read_image

__all__ = [
    "BatchSampler",
    "Cohort",
    "is_grayscale",
    "list_images",
    "open_cohort",
    "prefetch",
    "read_image",
]
