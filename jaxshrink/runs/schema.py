"""The fields of a config and their types; `configs/paper.py` says what each of them means.

A config is an `ml_collections.ConfigDict`, whose fields only exist at run time: these protocols
describe it to the reader and to mypy, and a test compares them with the paper's config.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, Protocol

Cohort = Literal["train", "dev", "test"]


class Section(Protocol):
    """What every part of a config offers."""

    def __getitem__(self, name: str) -> Any: ...
    def __iter__(self) -> Iterator[str]: ...
    def __contains__(self, name: object) -> bool: ...


class Loss(Section, Protocol):
    """Weights: see `Distortion` and `Objective`."""

    squared_error: float
    squared_levels: float
    charbonnier: float
    absolute: float
    features: float
    ms_ssim: float
    ssimulacra2: float
    plain_view: float
    plain_colour: float
    rate: float
    rate_warmup_steps: int
    balance: float
    eq3_sign: Literal["added", "printed"]
    eq3_levels: bool
    eq2_residual: Literal["differentiated", "constant"]


class Data(Section, Protocol):
    """Photographs, and what is done to them before training."""

    root: str
    train: str
    dev: str
    test: str
    resize: int | None
    halve_from: int | None
    crop: int | None
    flip: bool
    on_bad_file: Literal["refuse", "skip"]
    max_pixels: int
    memory_limit: int


class Model(Section, Protocol):
    """What both networks share, and the fields of either; these depend on the architecture."""

    architecture: Literal["paper", "residual"]
    channels: Literal[1, 3]
    com: Section
    rec: Section

    def to_dict(self) -> dict[str, Any]: ...


class Features(Section, Protocol):
    """A pre-trained network, whose features are a loss or a start."""

    file: str
    layers: Sequence[str]
    initialize: bool


class Codec(Section, Protocol):
    """The codec that stores compact images."""

    name: str
    quality: int
    qualities: Sequence[int]
    model: Literal["identity", "jpeg"]
    tables: Literal["standard", "learned"]
    subsampling: str


class Periodic(Section, Protocol):
    """What happens every so many steps."""

    every_steps: int


class Evaluation(Periodic, Protocol):
    """Measurements: of the development set while training, of all cohorts afterwards."""

    after_training: bool
    qualities: Sequence[int]
    num_triptychs: int
    goal_ms_ssim: float


class UsedConfig(Section, Protocol):
    """The part of a config that a trained model is used by."""

    model: Model
    codec: Codec


class Config(UsedConfig, Protocol):
    """A whole config."""

    seed: int
    init: str
    batch_size: int
    num_epochs: int
    schedule: Literal["alternating", "overlapped", "joint", "decoder_only"]
    compute_dtype: Literal["float32", "bfloat16"]
    learning_rate: float
    b1: float
    b2: float
    epsilon: float
    warmup_steps: int
    cosine_decay: bool
    clip_norm: float
    average_decay: float
    l2: float
    range_penalty: float
    loss: Loss
    features: Features
    data: Data
    logging: Periodic
    checkpoints: Periodic
    evaluation: Evaluation

    def to_json(self) -> str: ...
