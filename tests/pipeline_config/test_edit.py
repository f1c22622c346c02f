"""The user's edits win; what is still ours follows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.formats.textproto.edit import Document
from tasks.formats.textproto.values import Word
from tasks.pipeline_config import edit, rules
from tasks.pipeline_config.edit import Merged, UnsuitableError, as_text, from_text, values_of
from tests.pipeline_config.test_rules import facts, tailored
from tests.support.pipeline_configs import CENTER_NET_KEYPOINTS, FASTER_RCNN, SSD

BATCH, STEPS = "train_config.batch_size", "train_config.num_steps"


def update(
    theirs: str | Document, text: str = FASTER_RCNN, *, before: dict[str, Any], now: dict[str, Any]
) -> Merged:
    """A file tailored with the settings `before`, edited to `theirs`, when they are `now`."""
    base = edit.read_own(text.encode())
    last = values_of(rules.changes(base, facts(**before)))
    document = theirs if isinstance(theirs, Document) else Document(theirs)
    return edit.merged(document, base, rules.changes(base, facts(**now)), last, {})


def test_a_value_that_is_ours_follows_and_the_rest_of_the_file_is_theirs() -> None:
    mine = tailored(FASTER_RCNN, num_steps=500).set(BATCH, 7).text + "# my note\n"
    merged = update(mine, before={"num_steps": 500}, now={"num_steps": 900})
    document = Document.read(merged.content)
    assert (document.get(BATCH), document.get(STEPS)) == (7, 900)
    assert document.text.endswith("# my note\n")
    assert [(k.path, k.value, k.ours) for k in merged.kept] == [(BATCH, "7", "2")]


def test_what_they_removed_stays_removed_and_is_named() -> None:
    merged = update(tailored(FASTER_RCNN).remove(BATCH), before={}, now={"batch_size": 4})
    assert Document.read(merged.content).get(BATCH) is None
    assert [(k.value, k.ours) for k in merged.kept] == [("", "4")]


def test_an_edit_that_is_taken_back_is_ours_again() -> None:
    base = edit.read_own(FASTER_RCNN.encode())
    first = update(tailored(FASTER_RCNN).set(BATCH, 7), before={}, now={"batch_size": 4})
    back = Document.read(first.content).set(BATCH, 2)
    changes = rules.changes(base, facts(batch_size=4))
    again = edit.merged(back, base, changes, first.values, {})
    assert Document.read(again.content).get(BATCH) == 4
    assert again.kept == ()


def test_another_spelling_of_our_value_is_no_edit() -> None:
    where = "train_config.optimizer.momentum_optimizer.learning_rate.cosine_decay_learning_rate"
    text = tailored(FASTER_RCNN).text.replace(
        "learning_rate_base: 0.00125", "learning_rate_base: 1.25e-3"
    )
    merged = update(text, before={}, now={"learning_rate": 0.5})
    assert Document.read(merged.content).get(f"{where}.learning_rate_base") == 0.5


def test_nothing_new_changes_no_byte() -> None:
    mine = tailored(FASTER_RCNN).text.replace("\n", "\r\n") + "# mine"
    assert update(mine, before={}, now={}).content == mine.encode()


def test_a_setting_that_is_taken_away_gives_back_the_networks_own_value() -> None:
    mine = tailored(FASTER_RCNN, max_boxes=4).text + "# mine\n"
    merged = update(mine, before={"max_boxes": 4}, now={})
    assert Document.read(merged.content).get("train_input_reader.max_number_of_boxes") is None


def test_an_override_that_is_taken_away_is_taken_out() -> None:
    overrides = {"eval_config.num_examples": 8}
    mine = tailored(FASTER_RCNN, overrides=overrides).text + "# mine\n"
    merged = update(mine, before={"overrides": overrides}, now={})
    assert "num_examples" not in merged.content.decode()


def test_a_new_setting_leaves_a_value_that_they_changed() -> None:
    mine = tailored(FASTER_RCNN).set("train_input_reader.max_number_of_boxes", 30)
    merged = update(mine, before={}, now={"max_boxes": 4})
    assert Document.read(merged.content).get("train_input_reader.max_number_of_boxes") == 30
    assert [k.path for k in merged.kept] == ["train_input_reader.max_number_of_boxes"]


def test_a_reader_that_tailoring_took_out_stays_out_and_one_that_they_made_stays_in() -> None:
    settled = tailored(CENTER_NET_KEYPOINTS)
    merged = update(settled, CENTER_NET_KEYPOINTS, before={}, now={"num_steps": 9})
    assert merged.kept == ()
    theirs = Document(
        settled.text.replace(
            "num_keypoints: 17", "num_keypoints: 17 external_input_reader { }", 1
        ).replace(
            'tf_record_input_reader {\n    input_path: "cubes/training/train.record"\n  }', ""
        )
    )
    kept = update(theirs, CENTER_NET_KEYPOINTS, before={}, now={}).kept
    assert "train_input_reader.external_input_reader" in [k.path for k in kept]


def test_another_network_in_its_place_is_theirs() -> None:
    """They put a file of another meta-architecture there: no path of ours is forced into it."""
    merged = update(SSD, before={}, now={"num_steps": 900})
    assert Document.read(merged.content).count("model.faster_rcnn") == 0
    assert "model.faster_rcnn.num_classes" in [k.path for k in merged.kept]


def test_a_file_of_theirs_that_breaks_the_schema_is_told() -> None:
    mine = tailored(FASTER_RCNN).text.replace("num_classes: 2", "num_classes: 'two'")
    with pytest.raises(UnsuitableError, match="line 5"):
        update(mine, before={}, now={})


def test_after_an_interruption_what_was_meant_is_ours_too() -> None:
    base = edit.read_own(FASTER_RCNN.encode())
    last = values_of(rules.changes(base, facts()))
    intended = values_of(rules.changes(base, facts(batch_size=4)))
    written = tailored(FASTER_RCNN, batch_size=4)
    changes = rules.changes(base, facts(batch_size=8))
    merged = edit.merged(written, base, changes, last, intended)
    assert Document.read(merged.content).get(BATCH) == 8


@pytest.mark.parametrize("value", [1, -0.5, 2.0, True, 'it\'s "x"\n', Word("V2"), (1, 2), None])
def test_a_value_survives_the_receipt(value: Any) -> None:
    assert from_text(as_text(value)) == value


@pytest.mark.parametrize("text", ["{", "“", "1 2 3 x", "}"])
def test_a_damaged_receipt_holds_no_value(text: str) -> None:
    assert from_text(text) is None


EDITS = {
    BATCH: st.integers(1, 9),
    STEPS: st.integers(1, 9),
    "train_config.fine_tune_checkpoint": st.sampled_from(["a", "b"]),
    "eval_config.num_examples": st.integers(1, 9),
}


@given(
    st.fixed_dictionaries({}, optional=EDITS),
    st.lists(
        st.fixed_dictionaries({"batch_size": st.integers(1, 9), "num_steps": st.integers(1, 9)}),
        min_size=2,
        max_size=4,
    ),
)
def test_whatever_they_set_stays_through_all_that_the_settings_become(
    edits: dict[str, Any], settings: list[dict[str, Any]]
) -> None:
    base = edit.read_own(FASTER_RCNN.encode())
    last = values_of(rules.changes(base, facts(**settings[0])))
    document = tailored(FASTER_RCNN, **settings[0])
    ours = {
        path for path in (BATCH, STEPS) if edits.get(path, document.get(path)) == document.get(path)
    }
    for path, value in edits.items():
        document = document.set(path, value)
    theirs = {p: v for p, v in edits.items() if p not in ours}
    for now in settings[1:]:
        agreed = {
            p for p, s in ((BATCH, "batch_size"), (STEPS, "num_steps")) if theirs.get(p) == now[s]
        }
        merged = edit.merged(document, base, rules.changes(base, facts(**now)), last, {})
        document, last = Document.read(merged.content), merged.values
        assert {p: document.get(p) for p in theirs} == theirs
        for path in agreed:  # from now on we agree: it follows the settings
            del theirs[path]
            ours.add(path)
        for path, setting in ((BATCH, "batch_size"), (STEPS, "num_steps")):
            if path in ours:
                assert document.get(path) == now[setting]


# --- the table ----------------------------------------------------------------------------------
