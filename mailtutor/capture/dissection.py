"""A packet taken apart field by field, as scapy knows its layers; the only place that imports scapy, and late: it costs
half a second."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from typing import Any

from mailtutor.capture.container import Frame
from mailtutor.capture.layers import COOKED, COOKED2, ETHERNET, IPV4_ONLY, IPV6_ONLY, LOOP, NULL, RAW
from mailtutor.reading.visible import visible

# Fields of a packet that are listed, and characters of a value.
MOST_FIELDS = 400
_LONGEST = 200
_LAYERS = 16


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a layer, or (`is_layer`) the layer itself. It is in the octets start … end-1, though it may be only
    some bits of them; `bits` says which ("0-3"), where they are not all. name and value: as scapy has them."""

    start: int
    end: int
    name: str
    value: str
    is_layer: bool = False
    bits: str = ""
    # The layer it belongs to.
    layer: str = ""

    @property
    def is_part(self) -> bool:
        """Whether it is some of the octets of the one before it."""
        return not self.is_layer


def is_ready() -> bool:
    """Whether taking a packet apart costs no time any more."""
    return "scapy.layers.inet6" in sys.modules


def dissected(frame: Frame) -> tuple[Field, ...]:
    """Every field in the order of the octets. What no layer is known for is the last one, `data`."""
    layer = _first_layer(frame)
    if layer is None:
        return (_rest(frame.data, 0),) if frame.data else ()
    found: list[Field] = []
    at = 0
    for _ in range(_LAYERS):
        if type(layer).__name__ in ("NoPayload", "Padding") or len(found) >= MOST_FIELDS:
            break
        if type(layer).__name__ == "Raw":
            break
        fields, size = _fields(layer, at)
        if not size:
            break
        found += [Field(at, at + size, _name(layer), "", is_layer=True, layer=_name(layer)), *fields]
        at += size
        layer = layer.payload
    if at < len(frame.data):
        found.append(_rest(frame.data, at))
    return tuple(found[:MOST_FIELDS])


def _rest(data: bytes, at: int) -> Field:
    return Field(at, len(data), "data", visible(data[at : at + _LONGEST]), is_layer=True, layer="data")


def _first_layer(frame: Frame) -> Any:
    """The outermost layer, taken apart by scapy; None for a link it does not know."""
    # What it has to say about this machine's routes and addresses nobody has asked.
    logging.getLogger("scapy").setLevel(logging.CRITICAL)
    from scapy.layers.inet import IP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import CookedLinux, CookedLinuxV2, Ether, Loopback

    version = frame.data[0] >> 4 if frame.data else 0
    kinds = {
        ETHERNET: Ether, COOKED: CookedLinux, COOKED2: CookedLinuxV2, NULL: Loopback, LOOP: Loopback, IPV4_ONLY: IP,
        IPV6_ONLY: IPv6, RAW: IPv6 if version == 6 else IP,
    }  # fmt: skip
    kind = kinds.get(RAW if frame.link in (12, 14) else frame.link)
    if kind is None or not frame.data:
        return None
    try:
        return kind(frame.data)
    except Exception:  # a hostile packet; scapy's readers raise whatever comes to pass
        return None


def _fields(layer: Any, at: int) -> tuple[list[Field], int]:
    """The fields of a layer that begins at octet `at`, and how many octets they are."""
    whole = bytes(layer.original)
    left: Any = whole
    found: list[Field] = []
    try:
        for described in layer.fields_desc:
            before = _bit(whole, left)
            left, value = described.getfield(layer, left)
            after = _bit(whole, left)
            if after > before:
                value = _told(layer, described, value)
                found.append(_field(_name(layer), described.name, value, at, before, after))
    except Exception:  # a packet that was cut or lies; what could be read is kept
        found = [field for field in found if field.end <= at + len(whole)]
    size = (_bit(whole, left) + 7) // 8
    return found, size


def _bit(whole: bytes, left: Any) -> int:
    """How many bits are behind us. Between two octets scapy gives what is left and the bits gone of the first."""
    octets, bits = left if isinstance(left, tuple) else (left, 0)
    return (len(whole) - len(octets)) * 8 + int(bits)


def _name(layer: Any) -> str:
    return visible(str(layer.name))


def _field(layer: str, name: str, value: str, at: int, before: int, after: int) -> Field:
    bits = ""
    if before % 8 or after % 8:
        bits = f"{before % 8}-{before % 8 + after - before - 1}" if after - before > 1 else str(before % 8)
    return Field(at + before // 8, at + (after + 7) // 8, visible(name), value, bits=bits, layer=layer)


def _told(layer: Any, described: Any, value: Any) -> str:
    try:
        said = described.i2repr(layer, value)
    except Exception:  # a value no printer of scapy's was made for
        said = repr(value)
    return visible(str(said)[:_LONGEST])
