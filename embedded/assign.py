"""Which anchor answers for which digit."""

import numpy as np
import numpy.typing as npt

from embedded.augment import IGNORED, Rows

CELLS = 40
STRIDE = 8
NOTHING, DO_NOT_CARE = -1, -2


def assign(rows: Rows) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Targets of the 40x40 anchors for boxes and classes (see `render.Scenes`).

    Returns the class of each anchor, int32 [1600]: 0..5, NOTHING or DO_NOT_CARE; and the box it
    should give, float32 [1600, 4] in pixels (0 where there is none).
    A digit belongs to the anchors whose centres lie within a stride of its own centre and within
    its box, and to the nearest anchor in any case; where digits compete, the smaller one wins.
    """
    classes = np.full((CELLS, CELLS), NOTHING, np.int32)
    boxes = np.zeros((CELLS, CELLS, 4), np.float32)
    real = rows[rows[:, 4] != NOTHING]
    areas = np.prod(real[:, 2:4] - real[:, :2], axis=1)
    for row in real[np.argsort(-areas, kind="stable")]:
        if row[4] == IGNORED:
            _mark_cut(classes, row)
        else:
            y, x = _near(row[0], row[2]), _near(row[1], row[3])
            classes[y, x] = int(row[4])
            boxes[y, x] = row[:4]
    return classes.reshape(-1), boxes.reshape(-1, 4)


def _near(low: float, high: float) -> slice:
    """Rows (or columns) of anchors near the middle of a box's extent."""
    middle = (low + high) / 2 / STRIDE - 0.5  # in cells; an integer is an anchor's centre
    reach = min(1.0, (high - low) / 2 / STRIDE)
    nearest = int(np.clip(np.round(middle), 0, CELLS - 1))
    first, last = int(np.ceil(middle - reach)), int(np.floor(middle + reach))
    return slice(max(0, min(first, nearest)), min(CELLS - 1, max(last, nearest)) + 1)


def _mark_cut(classes: npt.NDArray[np.int32], row: npt.NDArray[np.float32]) -> None:
    """No judgement over a cut digit, but digits marked before stay."""
    low = np.floor(row[:2] / STRIDE - 0.5).astype(int).clip(0)
    high = np.ceil(row[2:4] / STRIDE + 0.5).astype(int)
    part = classes[low[0] : high[0], low[1] : high[1]]
    part[part == NOTHING] = DO_NOT_CARE
