"""TensorFlow without Keras, which it would import with itself, and Keras matplotlib: neither is
needed here, and they took a third of the time. A SavedModel is loaded the same, for Keras registers
nothing that `tf.saved_model.load` asks for.
"""

import gc
import sys

sys.modules.setdefault("keras", None)  # type: ignore[arg-type]
collecting = gc.isenabled()
gc.disable()  # importing makes many objects, which all stay; looking through them takes a fifth
try:
    import tensorflow as tf
finally:
    if collecting:
        gc.enable()

__all__ = ("tf",)
