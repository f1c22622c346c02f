"""Lets the Object Detection API of 2022 run, unedited, on TensorFlow 2.16 to 2.21, NumPy 2 and
protobuf 4 to 7.

`install()` is called before TensorFlow is imported. Nothing of the API's files is changed: what it
imports is mended on its way in, and each mend says what breaks without it.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

# What only parts of the API want that are not used here.
NOT_INSTALLED = {"lvis", "tensorflow_io", "pandas", "scipy", "contextlib2", "cv2"}
NEEDS_MENDED_TENSORFLOW = {"tf_slim", "object_detection", "official"}
ESTIMATOR = "tensorflow.compat.v1.estimator"

Search = Sequence[str] | None
Spec = importlib.machinery.ModuleSpec


def install() -> None:
    """Mend the imports of this process; once is enough."""
    # Else AttributeError: tf.keras.layers.experimental. The API means Keras 2.
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    if not any(isinstance(finder, _First) for finder in sys.meta_path):
        sys.meta_path.insert(0, _First())
        sys.meta_path.append(_Last())


class _First(importlib.abc.MetaPathFinder):
    """Asked before all others."""

    mended = False

    def find_spec(self, name: str, path: Search = None, target: object = None) -> Spec | None:
        if not self.mended and name.partition(".")[0] in NEEDS_MENDED_TENSORFLOW:
            self.mended = True
            _mend_libraries()
        if name.startswith("object_detection.protos.") and name.endswith("_pb2"):
            found = importlib.machinery.PathFinder.find_spec(name, path)
            if found is not None and found.origin is not None:
                found.loader = _Messages(Path(found.origin))
            return found
        if name == ESTIMATOR:
            return Spec(name, _Made(_estimator))
        if name == "keras" or name.startswith("keras."):
            return Spec(name, _Made(_legacy_keras), is_package=True)
        return None


class _Last(importlib.abc.MetaPathFinder):
    """Asked when nobody else has the module."""

    def find_spec(self, name: str, path: Search = None, target: object = None) -> Spec | None:
        if name.partition(".")[0] in NOT_INSTALLED:
            return Spec(name, _Made(_Absent), is_package=True)
        return None


class _Made(importlib.abc.Loader):
    """Loads a module by calling a function with its name."""

    def __init__(self, make: Callable[[str], ModuleType]) -> None:
        self.make = make

    def create_module(self, spec: Spec) -> ModuleType:
        return self.make(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do."""


class _Messages(importlib.abc.Loader):
    """Builds a *_pb2 module from the descriptor that is in its file.

    A protoc of before 3.19 made these files, and protobuf from 4 on refuses to run them
    ("Descriptors cannot be created directly"). The serialized descriptor in them is whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def create_module(self, spec: Spec) -> None:
        """The usual module."""

    def exec_module(self, module: ModuleType) -> None:
        from google.protobuf import descriptor_pb2, descriptor_pool
        from google.protobuf.internal import builder

        serialized = self._descriptor()
        for needed in descriptor_pb2.FileDescriptorProto.FromString(serialized).dependency:
            importlib.import_module(needed.removesuffix(".proto").replace("/", ".") + "_pb2")
        names: dict[str, Any] = vars(module)
        names["DESCRIPTOR"] = descriptor_pool.Default().AddSerializedFile(serialized)
        builder.BuildMessageAndEnumDescriptors(names["DESCRIPTOR"], names)
        builder.BuildTopDescriptorsAndMessages(names["DESCRIPTOR"], module.__name__, names)

    def _descriptor(self) -> bytes:
        calls = ast.walk(ast.parse(self.path.read_text(encoding="utf-8")))
        words = (word for call in calls if isinstance(call, ast.Call) for word in call.keywords)
        value = next(word.value for word in words if word.arg == "serialized_pb")
        serialized: bytes = ast.literal_eval(value)
        return serialized


class _Unusable(type):
    """What a missing package's names are: they can be inherited from and annotated with."""

    def __getattr__(cls, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Unusable(name, (), {"__module__": f"{cls.__module__}.{cls.__name__}"})

    def __call__(cls, *_arguments: object, **_more: object) -> object:
        raise ImportError(f"{cls.__module__}.{cls.__name__} is not installed for training")


class _Absent(ModuleType):
    """Stands for a package that is not installed; what is used of it raises ImportError."""

    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Unusable(name, (), {"__module__": self.__name__})


def _estimator(name: str) -> ModuleType:
    """tf.compat.v1.estimator, gone since TensorFlow 2.16; model_lib.py has it for TensorFlow 1."""

    class ModeKeys:
        TRAIN, EVAL, PREDICT = "train", "eval", "infer"

    module = _Absent(name)
    module.ModeKeys = ModeKeys  # type: ignore[attr-defined]
    return module


def _legacy_keras(name: str) -> ModuleType:
    """`keras` as the API means it: Keras 2, whose package is tf_keras now.

    models/keras_models/resnet_v1.py takes `ResNet` from keras.applications.resnet, for CenterNet's
    ResNet-18 and -34; the public module no longer has it.
    """
    module = importlib.import_module(f"tf_{name}")
    if name == "keras.applications":
        module.resnet = importlib.import_module(  # type: ignore[attr-defined]
            "tf_keras.src.applications.resnet"
        )
    return module


def _mend_libraries() -> None:
    """Give back to NumPy, TensorFlow and Pillow the names that the API still uses."""
    import numpy
    import tensorflow as tf
    from PIL import ImageFont
    from tensorflow.python.ops import control_flow_ops

    for old, new in {"float": float, "int": int, "bool": bool, "object": object}.items():
        if old not in vars(numpy):  # gone since 1.24; utils/metrics.py says numpy.float
            setattr(numpy, old, new)
    if not hasattr(tf.compat.v1, "estimator"):
        tf.compat.v1.estimator = _estimator(ESTIMATOR)
    fonts: Any = (ImageFont.FreeTypeFont, ImageFont.ImageFont)
    for font in fonts:
        if not hasattr(font, "getsize"):  # gone since Pillow 10; its evaluation writes names
            font.getsize = lambda self, text: tuple(map(round, self.getbbox(text)[2:]))
    for old, operation in {
        "case": tf.compat.v1.case,  # tf_slim's decoder of records
        "cond": tf.cond,
        "while_loop": tf.while_loop,
    }.items():
        if not hasattr(control_flow_ops, old):
            setattr(control_flow_ops, old, operation)
