"""A token's content: the document's nine fields, in protobuf's wire format (B08). Sealing is wallet/sealing.py."""

from typing import Any, Final, NamedTuple

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

_Field = descriptor_pb2.FieldDescriptorProto
_FIELDS: Final = (
    ("AppID", 1, _Field.TYPE_INT64),
    ("ActID", 2, _Field.TYPE_INT64),
    ("ActivityID", 3, _Field.TYPE_STRING),
    ("SceneID", 4, _Field.TYPE_STRING),
    ("Amount", 5, _Field.TYPE_INT64),
    ("OutTradeNo", 6, _Field.TYPE_STRING),
    ("OpenTime", 7, _Field.TYPE_INT64),
    ("RainID", 8, _Field.TYPE_INT32),
    ("Status", 9, _Field.TYPE_INT64),
)
ISSUED: Final = 1
"""The status of a token that is given out."""


class Token(NamedTuple):
    app_id: int
    act: int
    activity: str
    scene: str
    amount_fen: int
    order: str
    opened_us: int
    rain: int
    status: int = ISSUED


def encode(token: Token) -> bytes:
    """About half of what JSON takes."""
    message = _MESSAGE()
    for (name, _, _), value in zip(_FIELDS, token, strict=True):
        setattr(message, name, value)
    written: bytes = message.SerializeToString()
    return written


def decode(content: bytes) -> Token:
    """Raises ValueError for what is no token's content."""
    message = _MESSAGE()
    try:
        message.ParseFromString(content)
    except DecodeError as error:
        raise ValueError(f"no token: {error}") from None
    return Token(*(getattr(message, name) for name, _, _ in _FIELDS))


def _message_class() -> Any:
    """The message, described here instead of in a generated file."""
    file = descriptor_pb2.FileDescriptorProto(name="rainproof/token.proto", package="rainproof", syntax="proto3")
    described = file.message_type.add(name="RedPacketToken")
    for name, number, kind in _FIELDS:
        described.field.add(name=name, number=number, type=kind, label=_Field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("rainproof.RedPacketToken"))


_MESSAGE: Final = _message_class()
