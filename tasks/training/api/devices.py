"""Which devices train, alone or together."""

from __future__ import annotations

import os
from typing import Any

import tensorflow as tf


class DeviceError(Exception):
    """The devices that were asked for are not here."""


def strategy_of(device: str, replicas: int) -> Any:
    """Which devices train.

    Raises:
        DeviceError: there are not so many here.
    """
    if device == "tpu":
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(os.environ.get("TPU_NAME", ""))
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    kind = device.upper()
    if kind == "CPU":
        tf.config.set_visible_devices([], "GPU")
        if replicas > 1:
            _share_cpu(replicas)
    if os.environ.get("TF_CONFIG"):  # must be asked for before TensorFlow looks at its devices
        return tf.distribute.MultiWorkerMirroredStrategy()
    found = tf.config.list_logical_devices(kind)
    if len(found) < replicas:
        here = f"{len(found)} {'is' if len(found) == 1 else 'are'} here"
        raise DeviceError(f"{replicas} of device {device} are asked for, {here}")
    if replicas > 1:
        return tf.distribute.MirroredStrategy([one.name for one in found[:replicas]])
    return tf.distribute.get_strategy()


def _share_cpu(parts: int) -> None:
    """Have the processor count as so many devices."""
    (whole, *_) = tf.config.list_physical_devices("CPU")
    share = tf.config.LogicalDeviceConfiguration()
    tf.config.set_logical_device_configuration(whole, [share] * parts)
