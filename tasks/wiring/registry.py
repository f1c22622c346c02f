"""The steps, in the order of the pipeline: a line each. Whatever lists steps reads `STEPS`."""

# ruff: noqa: F401, I001, N811  (imported to be listed, in this order, each under its own name)

from tasks.pipeline.step import AnyStep, Step

from tasks.download import STEP as download
from tasks.verify import STEP as verify
from tasks.extract import STEP as extract
from tasks.scaffold import STEP as scaffold, AS_IT_IS as scaffold_as_it_is
from tasks.smoke import STEP as smoke
from tasks.records import STEP as records
from tasks.doctor import STEP as doctor
from tasks.mend import STEP as mend
from tasks.look import STEP as look
from tasks.measure import STEP as measure
from tasks.compare import STEP as compare
from tasks.trainer import STEP as trainer
from tasks.train import STEP as train
from tasks.export import STEP as export
from tasks.plot import STEP as plot

STEPS: tuple[AnyStep, ...] = tuple(one for one in globals().values() if isinstance(one, Step))
BY_NAME = {step.name: step for step in STEPS}
# What a bare `doit` does and what that needs; and the others, which are thousands of tasks where
# many projects have many networks.
OF_A_BARE_DOIT = [step for step in STEPS if step.is_default or step.scope == "network"]
ON_REQUEST = [step for step in STEPS if step not in OF_A_BARE_DOIT]
