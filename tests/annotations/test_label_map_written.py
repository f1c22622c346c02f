"""The label map's text, read back by protobuf itself."""

from __future__ import annotations

from importlib import import_module

from hypothesis import given
from hypothesis import strategies as st

from tasks.annotations.label_map import label_ids, label_map
from tasks.config.types import Project

# protobuf comes with TensorFlow, and without type stubs.
descriptor_pb2 = import_module("google.protobuf.descriptor_pb2")
descriptor_pool = import_module("google.protobuf.descriptor_pool")
message_factory = import_module("google.protobuf.message_factory")
text_format = import_module("google.protobuf.text_format")
FIELD = descriptor_pb2.FieldDescriptorProto


def parsed(text: bytes) -> dict[str, int]:
    """label → id, through a StringIntLabelMap made of the three fields that we write."""
    schema = descriptor_pb2.FileDescriptorProto(name="label_map.proto", syntax="proto2")
    item = schema.message_type.add(name="Item")
    item.field.add(name="name", number=1, type=FIELD.TYPE_STRING, label=FIELD.LABEL_OPTIONAL)
    item.field.add(name="id", number=2, type=FIELD.TYPE_INT32, label=FIELD.LABEL_OPTIONAL)
    label_maps = schema.message_type.add(name="Map")
    label_maps.field.add(
        name="item",
        number=1,
        type=FIELD.TYPE_MESSAGE,
        type_name=".Item",
        label=FIELD.LABEL_REPEATED,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(schema)
    message = message_factory.GetMessageClass(pool.FindMessageTypeByName("Map"))()
    text_format.Parse(text.decode(), message)
    return {item.name: item.id for item in message.item}


def test_labels_are_written_as_the_api_reads_them() -> None:
    assert label_map({"one": 1, "two": 2}) == (
        b"item {\n  id: 1\n  name: 'one'\n}\nitem {\n  id: 2\n  name: 'two'\n}\n"
    )


def test_ids_count_from_one_in_the_order_given() -> None:
    assert label_ids(Project(name="p", labels=("two", "one"))) == {"two": 1, "one": 2}


def test_ids_that_are_given_stay_and_order_the_items() -> None:
    ids = label_ids(Project(name="p", labels={"seven": 7, "three": 3}))
    assert ids == {"seven": 7, "three": 3}
    assert list(parsed(label_map(ids))) == ["three", "seven"]


def test_a_hostile_label_can_not_leave_its_quotes() -> None:
    hostile = "'} item { id: 9 name: 'x\\\n\r\t\0\x7f\u2028é字🙂"
    assert parsed(label_map({hostile: 1})) == {hostile: 1}


@given(st.lists(st.text(), unique=True))
def test_every_label_is_read_back_as_it_was_given(labels: list[str]) -> None:
    ids = {label: number for number, label in enumerate(labels, 1)}
    assert parsed(label_map(ids)) == ids
