"""From a name on the command line to a method: a codec, a model, or a run."""

from pathlib import Path

from jaxshrink.bench.methods.base import Method
from jaxshrink.bench.methods.codec import CodecMethod
from jaxshrink.codecs import CODECS, EXTRA_CODECS
from jaxshrink.errors import ConfigError


def method_by_name(name: str) -> Method:
    """Returns the codec of this name, or the model of this name, or in this file or folder.

    A model of the package, or a file of weights: "photo", or with options after colons, see
    `parse_model_method`. A folder's compact images travel in the codec that its config names,
    or in the one after an "@": "runs/paper@webp".

    Raises:
      ConfigError: if there is neither.
      CheckpointError: if the folder holds no usable model.
    """
    codecs = {**CODECS, **EXTRA_CODECS}
    if name in codecs:
        return CodecMethod(codecs[name])
    # Codecs alone start without the neural networks' libraries.
    from jaxshrink.bench.methods.checkpoint import ModelMethod
    from jaxshrink.bench.methods.model import parse_model_method
    from jaxshrink.shipped.index import shipped_names

    if name.split(":")[0] in shipped_names() or Path(name.split(":")[0]).is_file():
        return parse_model_method(name)
    folder, _, codec_name = name.rpartition("@") if "@" in name else (name, "", "")
    if not Path(folder).is_dir():
        known = ", ".join([*codecs, *shipped_names()])
        raise ConfigError(
            f"unknown method {name!r}: neither a model's folder or file nor one of {known}"
        )
    if codec_name and codec_name not in codecs:
        raise ConfigError(f"{name}: unknown codec {codec_name!r}; known: {', '.join(codecs)}")
    return ModelMethod.load(Path(folder), codecs.get(codec_name))
