"""RecCNN as an ONNX graph: the mathematics of `models/residual.py`, in the operators of ONNX.

Inputs:
  y_hat: uint8 (N, h, w, C), windows of a decoded compact image that was continued by reflection,
    whole units: h and w are multiples of `UNIT` / scale, and at least three of these.
  tables: float32 (2, 8, 8), the codec's steps in 1..255, row by row; luma, then chroma.

Output:
  x_hat: uint8 (N, scale h, scale w, C), clipped and rounded. The outermost unit on every side saw a
    gray frame and is of no use.

Folding pixels into channels before a convolution is a convolution with a stride, so the graph has
no fold; unfolding is DepthToSpace, whose order of channels is ours. Bicubic enlargement is a
convolution from a pixel to four, its taps beyond the frame those of the gray.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from jaxshrink.models.settings import DEFAULT_STRIDE
from jaxshrink.optional import import_extra

OPSET = 17
_IR_VERSION = 8  # of the first ONNX with this opset, which every runtime since reads
_BLOCK = 8
_OUTPUT_SCALE = 0.1
# Keys' kernel (a = -1/2) at a quarter of a pixel right of the second; mirrored: left of the third.
_QUARTER_TAPS = (-0.0703125, 0.8671875, 0.2265625, -0.0234375)


def reccnn_graph(
    arrays: Mapping[str, np.ndarray], settings: Mapping[str, Any], dtype: str = "float32"
) -> Any:
    """Returns an `onnx.ModelProto`, checked.

    Args:
      arrays: RecCNN's by their names below its trunk: "Conv_0/kernel", "_Block_0/Dense_0/bias".
      settings: of both networks, as `create_networks` takes them; residual ones.
      dtype: of the trunk, "float32" or "float16"; the enlargement is always float32.

    Raises:
      MissingExtraError: if `onnx` is not installed.
    """
    return _Graph(arrays, settings, dtype).build()


class _Graph:
    """A graph being written: every method adds nodes and returns the name of their result."""

    def __init__(
        self, arrays: Mapping[str, np.ndarray], settings: Mapping[str, Any], dtype: str
    ) -> None:
        self._onnx = import_extra("onnx", "onnx")
        import_extra("onnx.helper", "onnx")
        self._arrays = arrays
        self._dtype = np.dtype(dtype)
        self._channels = int(settings["channels"])
        self._scale = int(settings.get("scale", 2))
        self._stride = int(settings.get("stride", DEFAULT_STRIDE))
        self._num_blocks = int(settings["rec"].get("num_blocks", 4))
        self._num_coarse = int(settings["rec"].get("num_coarse_blocks", 0))
        self._conditioned = bool(settings.get("conditioned", True))
        self._nodes: list[Any] = []
        self._constants: dict[str, np.ndarray] = {}

    def build(self) -> Any:
        pixels = self._add("Cast", ["y_hat"], to=self._type("float32"))
        pixels = self._add("Div", [pixels, self._constant(np.float32(255))])
        pixels = self._add("Transpose", [pixels], perm=[0, 3, 1, 2])
        centered = self._add("Sub", [pixels, self._constant(np.float32(0.5))])
        change = self._unfold(self._trunk(self._cast(centered, self._dtype)), self._stride)
        start = self._enlarged(centered) if self._scale == 2 else centered
        total = self._add("Add", [start, self._cast(change, np.dtype("float32"))])
        total = self._add("Add", [total, self._constant(np.float32(0.5))])
        zero, one = self._constant(np.float32(0)), self._constant(np.float32(1))
        clipped = self._add("Clip", [total, zero, one])
        levels = self._add("Mul", [clipped, self._constant(np.float32(255))])
        # Cast cuts off what is behind the point. WebGPU has no Round.
        levels = self._add("Add", [levels, self._constant(np.float32(0.5))])
        levels = self._add("Transpose", [levels], perm=[0, 2, 3, 1])
        self._add("Cast", [levels], to=self._type("uint8"), name="x_hat")
        return self._model()

    def _trunk(self, x: str) -> str:
        condition = self._condition()
        fold = self._stride // self._scale
        x = self._conv(x, "Conv_0", fold=fold)
        x = self._add("Add", [x, self._grid(x)])
        for index in range(self._num_blocks):
            if self._num_coarse and index == self._num_blocks // 2:
                x = self._coarse(x, condition)
            x = self._block(x, condition, f"_Block_{index}/")
        x = self._add("Relu", [x])
        return self._conv(x, "Conv_1", factor=_OUTPUT_SCALE)

    def _condition(self) -> str:
        """What the tables say, (1, F)."""
        logarithm = self._add("Log", ["tables"])
        # log2(tables) / 4 - 1
        steps = self._add("Mul", [logarithm, self._constant(np.float32(0.25 / np.log(2)))])
        steps = self._add("Sub", [steps, self._constant(np.float32(1))])
        if not self._conditioned:
            steps = self._add("Mul", [steps, self._constant(np.float32(0))])
        steps = self._add("Reshape", [steps, self._constant(np.array([1, -1]))])
        steps = self._cast(steps, self._dtype)
        return self._add("Relu", [self._dense(steps, "Dense_0")])

    def _grid(self, x: str) -> str:
        """Where in the codec's blocks every position lies, repeated to the size of x."""
        grid = self._arrays["grid"].transpose(2, 0, 1)[None]
        period = _BLOCK * self._scale // self._stride
        size = self._add("Shape", [x], start=2, end=4)
        times = self._add("Div", [size, self._constant(np.array([period, period]))])
        ones = self._constant(np.array([1, 1]))
        times = self._add("Concat", [ones, times], axis=0)
        return self._add("Tile", [self._weight(grid), times])

    def _block(self, x: str, condition: str, place: str) -> str:
        hidden = self._add("Relu", [self._conv(x, f"{place}Conv_0")])
        modulation = self._dense(condition, f"{place}Dense_0")
        shape = self._constant(np.array([1, -1, 1, 1]))
        modulation = self._add("Reshape", [modulation, shape])
        scale, shift = self._split(modulation)
        scale = self._add("Add", [scale, self._weight(np.ones((1, 1, 1, 1)))])
        hidden = self._add("Add", [self._add("Mul", [hidden, scale]), shift])
        return self._add("Add", [x, self._conv(hidden, f"{place}Conv_1")])

    def _coarse(self, x: str, condition: str) -> str:
        down = self._arrays["_Coarse_0/Dense_0/kernel"]
        features = down.shape[1]
        kernel = down.reshape(2, 2, -1, features).transpose(3, 2, 0, 1)
        bias = self._weight(self._arrays["_Coarse_0/Dense_0/bias"])
        hidden = self._add("Conv", [x, self._weight(kernel), bias], strides=[2, 2])
        for index in range(self._num_coarse):
            hidden = self._block(hidden, condition, f"_Coarse_0/_Block_{index}/")
        hidden = self._add("Relu", [hidden])
        kernel = self._arrays["_Coarse_0/Dense_1/kernel"].T[:, :, None, None]
        bias = self._weight(self._arrays["_Coarse_0/Dense_1/bias"])
        hidden = self._add("Conv", [hidden, self._weight(kernel), bias])
        return self._add("Add", [x, self._unfold(hidden, 2)])

    def _conv(self, x: str, name: str, fold: int = 1, factor: float = 1.0) -> str:
        """A 3x3 convolution of what `fold` makes of x, times `factor`, (N, F, h / fold, ...)."""
        kernel = self._arrays[f"{name}/kernel"] * np.float32(factor)
        bias = self._arrays[f"{name}/bias"] * np.float32(factor)
        rows, columns, inputs, outputs = kernel.shape
        unfolded = kernel.reshape(rows, columns, fold, fold, inputs // fold**2, outputs)
        unfolded = unfolded.transpose(5, 4, 0, 2, 1, 3)
        unfolded = unfolded.reshape(outputs, -1, fold * rows, fold * columns)
        inputs_ = [x, self._weight(unfolded), self._weight(bias)]
        return self._add("Conv", inputs_, pads=[fold] * 4, strides=[fold] * 2)

    def _dense(self, x: str, name: str) -> str:
        kernel, bias = (self._weight(self._arrays[f"{name}/{part}"]) for part in ("kernel", "bias"))
        return self._add("Gemm", [x, kernel, bias])

    def _enlarged(self, x: str) -> str:
        """Bicubic, twice the size; float32."""
        left = np.array(
            [*_QUARTER_TAPS[::-1], 0.0]
        )  # of a pixel's left half: two before, one after
        right = np.array([0.0, *_QUARTER_TAPS])
        phases = [np.outer(rows, columns) for rows in (left, right) for columns in (left, right)]
        kernel = np.zeros((4 * self._channels, self._channels, 5, 5), np.float32)
        for phase, taps in enumerate(phases):
            for channel in range(self._channels):
                kernel[phase * self._channels + channel, channel] = taps
        doubled = self._add("Conv", [x, self._constant(kernel)], pads=[2, 2, 2, 2])
        return self._unfold(doubled, 2)

    def _unfold(self, x: str, factor: int) -> str:
        return self._add("DepthToSpace", [x], blocksize=factor, mode="DCR")

    def _split(self, x: str) -> tuple[str, str]:
        names = f"v{len(self._nodes)}a", f"v{len(self._nodes)}b"
        self._nodes.append(self._onnx.helper.make_node("Split", [x], names, axis=1))
        return names

    def _cast(self, x: str, dtype: np.dtype) -> str:
        if self._dtype == np.float32:
            return x
        return self._add("Cast", [x], to=self._type(dtype.name))

    def _type(self, name: str) -> int:
        return int(self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(name)))

    def _weight(self, array: np.ndarray) -> str:
        return self._constant(array.astype(self._dtype))

    def _constant(self, array: Any) -> str:
        name = f"c{len(self._constants)}"
        self._constants[name] = np.ascontiguousarray(array)
        return name

    def _add(self, operator: str, inputs: list[str], *, name: str = "", **attributes: Any) -> str:
        name = name or f"v{len(self._nodes)}"
        self._nodes.append(self._onnx.helper.make_node(operator, inputs, [name], **attributes))
        return name

    def _model(self) -> Any:
        helper, to_tensor = self._onnx.helper, self._onnx.numpy_helper.from_array
        pixels, real = self._type("uint8"), self._type("float32")
        sides = ["N", "h", "w", self._channels]
        enlarged = ["N", "H", "W", self._channels]
        graph = helper.make_graph(
            self._nodes,
            "reccnn",
            [
                helper.make_tensor_value_info("y_hat", pixels, sides),
                helper.make_tensor_value_info("tables", real, [2, _BLOCK, _BLOCK]),
            ],
            [helper.make_tensor_value_info("x_hat", pixels, enlarged)],
            [to_tensor(np.asarray(array), name) for name, array in self._constants.items()],
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="jaxshrink"
        )
        self._onnx.checker.check_model(model, full_check=True)
        return model
