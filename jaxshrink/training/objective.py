"""What training minimizes, of a batch in a step and of a real file of the development set."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxshrink.evaluation.measure import MeasuredImage
from jaxshrink.models.vgg import load_vgg
from jaxshrink.ops import images
from jaxshrink.ops.losses import Distortion, cost, range_penalty
from jaxshrink.runs.schema import Config

# The price of a bit at which every image has the weight 1.
_USUAL_LMBDA = 1000.0
# The rate's factor when its warm-up begins, relative to what it grows to.
_FIRST_RATE = 0.25


@dataclasses.dataclass(frozen=True)
class Objective:
    """The mean of weight * (distortion + rate * lmbda * bpp), and penalties.

    Attributes:
      distortion: what x_hat is measured by, one value per image.
      plain_view: weight of the distortion of y_hat by itself, MS-SSIM aside, against the photograph
        at the compact image's size: what people without RecCNN see.
      plain_colour: weight, within it, of the squared difference of the channels' means, in levels.
      rate: multiplies lmbda * bpp, where the codec's model tells the bits; 0 in the paper.
      rate_warmup_steps: steps in which that factor grows from a quarter of itself.
      balance: an image's weight is lmbda ** -balance, relative to lmbda = 1000: the price of a bit,
        and with it the loss, spans orders of magnitude.
      eq3_sign: "added", RecCNN's output to up(y_hat); or "printed": eq. 3 as the paper prints it
        makes RecCNN learn up(y_hat) - x, though evaluation adds its output.
      eq3_levels: whether up(y_hat) is in 0..255 in eq. 3, where x is in 0..1.
      eq2_residual: "differentiated", or "constant": RecCNN's output has no gradient in eq. 2.
      range_penalty: weight of 1/(2N) sum_k || y_k - clip(y_k) ||^2; 0 in the paper.
      codec_model: what stands for the codec in `com_step`: "identity", as in the paper, or "jpeg".
      tables: the codec's: "standard", libjpeg's for the quality, or "learned", ComCNN's.
      subsampling: the chroma's in the differentiable JPEG.
    """

    distortion: Distortion
    plain_view: float = 0.0
    plain_colour: float = 0.0
    rate: float = 0.0
    rate_warmup_steps: int = 0
    balance: float = 0.0
    eq3_sign: str = "added"
    eq3_levels: bool = False
    eq2_residual: str = "differentiated"
    range_penalty: float = 0.0
    codec_model: str = "identity"
    tables: str = "standard"
    subsampling: str = "4:2:0"

    def weight(self, lmbda: Any) -> Any:
        """An image's weight at a price of a bit: floats, or arrays of any shape."""
        return (lmbda / _USUAL_LMBDA) ** -self.balance

    def eq2_distortion(self, x_hat: jax.Array, y_hat: jax.Array, x: jax.Array) -> jax.Array:
        """What ComCNN minimizes in eq. 2, (N,); arguments as in `views_distortion`."""
        if self.eq2_residual == "constant":
            up_y_hat = _enlarged(y_hat, x)
            x_hat = up_y_hat + lax.stop_gradient(x_hat - up_y_hat)
        return self.views_distortion(x_hat, y_hat, x)

    def eq3_distortion(self, x_hat: jax.Array, y_hat: jax.Array, x: jax.Array) -> jax.Array:
        """What RecCNN minimizes in eq. 3, (N,); arguments as in `views_distortion`."""
        return self.distortion(self.as_trained(x_hat, y_hat), x)

    def as_trained(self, x_hat: jax.Array, y_hat: jax.Array) -> jax.Array:
        """What eq. 3 compares with x: x_hat, but for the switches of the authors' code.

        Args:
          x_hat: up(y_hat) + RecCNN(up(y_hat)), (N, H, W, C) in [0, 1].
          y_hat: decoded compact images, (N, h, w, C).
        """
        if self.eq3_sign == "added" and not self.eq3_levels:
            return x_hat
        up_y_hat = _enlarged(y_hat, x_hat)
        residual = x_hat - up_y_hat
        scale = 255.0 if self.eq3_levels else 1.0
        return scale * up_y_hat + (residual if self.eq3_sign == "added" else -residual)

    def views_distortion(self, x_hat: jax.Array, y_hat: jax.Array, x: jax.Array) -> jax.Array:
        """The distortion of the expanded view and of the plain view, (N,).

        Args:
          x_hat, x: reconstructions and originals, (N, H, W, C) in [0, 1].
          y_hat: decoded compact images of either scale, (N, h, w, C).
        """
        total = self.distortion(x_hat, x)
        return total + self.plain_distortion(y_hat, x) if self.plain_view else total

    def plain_distortion(self, y_hat: jax.Array, x: jax.Array) -> jax.Array:
        """The weighted distortion of decoded compact images of either scale, (N,)."""
        shown = x if y_hat.shape == x.shape else images.halve(images.pad_to_even(x))
        distortion = dataclasses.replace(self.distortion, ms_ssim=0.0)
        colours = 255.0 * jnp.mean(y_hat - shown, axis=(1, 2))
        shift = self.plain_colour * jnp.mean(jnp.square(colours), axis=1)
        return self.plain_view * (distortion(y_hat, shown) + shift)

    def batch_loss(
        self, distortion: jax.Array, bpp: jax.Array, y: jax.Array, lmbda: jax.Array, step: jax.Array
    ) -> jax.Array:
        """What one step minimizes, a scalar.

        Args:
          distortion: one value per image, (N,).
          bpp: estimated bits per pixel of the original, (N,), or () where nothing tells them.
          y: compact images before the codec, (N, h, w, C).
          lmbda: the price of a bit, (N,).
          step: the number of ComCNN's updates so far, ().
        """
        rate: Any = self.rate
        if self.rate_warmup_steps:
            grown = (
                _FIRST_RATE
                + (1.0 - _FIRST_RATE) * step.astype(jnp.float32) / self.rate_warmup_steps
            )
            rate *= jnp.minimum(1.0, grown)
        loss = jnp.mean(self.weight(lmbda) * cost(distortion, bpp, lmbda, rate))
        if self.range_penalty:
            loss += self.range_penalty * range_penalty(y)
        return loss

    def file_cost(self, result: MeasuredImage, lmbda: float) -> float:
        """The weighted cost of one real file, without penalties.

        MS-SSIM where there is none counts as 1.
        """
        distortion = _distortion(self._measurable(result), result.x, result.y_hat, result.x_hat)
        return self.weight(lmbda) * cost(float(distortion), result.model.bpp, lmbda, self.rate)

    def _measurable(self, result: MeasuredImage) -> "Objective":
        if result.model.ms_ssim is not None:
            return self
        return dataclasses.replace(
            self, distortion=dataclasses.replace(self.distortion, ms_ssim=0.0)
        )


PAPER = Objective(Distortion(squared_error=1.0))


def objective_of(config: Config) -> Objective:
    """Returns what a config says is to be minimized."""
    loss = config.loss
    return Objective(
        distortion=Distortion(
            loss.squared_error,
            loss.squared_levels,
            loss.charbonnier,
            loss.ms_ssim,
            loss.ssimulacra2,
            loss.absolute,
            loss.features,
            _features_distance(config) if loss.features else None,
        ),
        plain_view=loss.plain_view,
        plain_colour=loss.plain_colour,
        rate=loss.rate,
        rate_warmup_steps=loss.rate_warmup_steps,
        balance=loss.balance,
        eq3_sign=loss.eq3_sign,
        eq3_levels=loss.eq3_levels,
        eq2_residual=loss.eq2_residual,
        range_penalty=config.range_penalty,
        codec_model=config.codec.model,
        tables=config.codec.tables,
        subsampling=config.codec.subsampling,
    )


def _features_distance(config: Config) -> Callable[[jax.Array, jax.Array], jax.Array]:
    return load_vgg(config.features.file, tuple(config.features.layers)).distance


def _enlarged(y_hat: jax.Array, x: jax.Array) -> jax.Array:
    """up(y_hat), of x's size."""
    return images.enlarge(y_hat, (x.shape[1], x.shape[2]))


@functools.partial(jax.jit, static_argnums=0)
def _distortion(
    objective: Objective, x: jax.Array, y_hat: jax.Array, x_hat: jax.Array
) -> jax.Array:
    x, y_hat, x_hat = (images.to_float(image)[None] for image in (x, y_hat, x_hat))
    return objective.views_distortion(x_hat, y_hat, x)[0]
