"""What becomes of a photograph: a file and what is known of it."""

import dataclasses

from jaxshrink.files import suffixes


@dataclasses.dataclass(frozen=True)
class Small:
    """A compressed photograph.

    Attributes:
      data: the file.
      size: (H, W) of the photograph, upright.
      scale: the compact image's: "half", "full", or "plain" for a picture without marker; None
        where the input was kept.
      quality: the setting of its codec; None where the input was kept.
      ms_ssim: MS-SSIM of what `expand` makes of it; None where a side is too short, or for a
        compact file that was passed through.
      psnr: PSNR of what `expand` makes of it, in decibels; None where the input was passed through.
      num_encodes: the number of files that were made to find it.
      notes: what was done to the photograph that its owner may want to know.
      kept: whether it is the input itself, but for metadata that was to be left out.
      ssimulacra2: SSIMULACRA2 of what `expand` makes of it; None where `ms_ssim` is.
    """

    data: bytes
    size: tuple[int, int]
    scale: str | None
    quality: float | None
    ms_ssim: float | None
    psnr: float | None
    num_encodes: int
    notes: tuple[str, ...]
    kept: bool = False
    ssimulacra2: float | None = None

    @property
    def suffix(self) -> str:
        """For a file's name: ".jpg", or what else fits the bytes."""
        return suffixes.suffix_of(self.data)
