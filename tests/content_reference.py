"""Content digests in plain Python: the same definition as the package's, from its page, in no SQL."""

import datetime
import decimal
import hashlib
import math
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

EPOCH = datetime.datetime(1970, 1, 1)
WHOLE = {
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "uint8": "UTINYINT",
    "uint16": "USMALLINT",
    "uint32": "UINTEGER",
    "uint64": "UBIGINT",
}
OTHERS = {
    "bool": "BOOLEAN",
    "float": "FLOAT",
    "double": "DOUBLE",
    "string": "VARCHAR",
    "large_string": "VARCHAR",
    "binary": "BLOB",
    "date32[day]": "DATE",
    "time64[us]": "TIME",
    "timestamp[us]": "TIMESTAMP",
    "timestamp[ns]": "TIMESTAMP_NS",
    "null": "INTEGER",
}


def digest_of_table(table: pa.Table, *, ids: Sequence[str] = ()) -> str:
    """Return the digest of the rows of a table; `ids` names columns whose width does not count."""
    names = sorted(table.column_names)
    kinds = {name: table.schema.field(name).type for name in names}
    types = {name: "INTEGER" if name in ids and str(kinds[name]) in WHOLE else type_name(kinds[name]) for name in names}
    header = lengthened_hash([text for name in names for text in (name, types[name])])[:32]
    total = 0
    for row in zip(*(cells(table.column(name)) for name in names), strict=True) if table.num_rows else ():
        total += int.from_bytes(hashlib.md5(header.encode() + b"".join(row)).digest(), "little")
    return f"{total % 2**128:032x}"


def lengthened_hash(texts: Sequence[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        digest.update(f"{len(text.encode())}:".encode() + text.encode())
    return digest.hexdigest()


def type_name(kind: pa.DataType) -> str:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return f"LIST({type_name(kind.value_type)})"
    if pa.types.is_map(kind):
        return f"MAP(3:key {type_name(kind.key_type)}, 5:value {type_name(kind.item_type)})"
    if pa.types.is_struct(kind):
        fields = sorted((field.name, type_name(field.type)) for field in kind)
        return f"STRUCT({', '.join(f'{len(name)}:{name} {one}' for name, one in fields)})"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return "TIMESTAMP WITH TIME ZONE" + (" in nanoseconds" if kind.unit == "ns" else "")
    if pa.types.is_time64(kind) and kind.unit == "ns":
        return "TIME in nanoseconds"
    if kind == pa.uuid():
        return "UUID"
    return {**WHOLE, **OTHERS}[str(kind)]


def cells(column: pa.ChunkedArray) -> list[bytes]:
    kind = column.type
    is_counted = (pa.types.is_timestamp(kind) or pa.types.is_time64(kind)) and kind.unit == "ns"
    values = column.cast(pa.int64()).to_pylist() if is_counted else column.to_pylist()
    return [cell(value) for value in values]


def cell(value: Any) -> bytes:
    if value is None:
        return b"-"
    text = spelled(value)
    return f"{len(text)}:".encode() + text


def spelled(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value.hex().encode()
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, float):
        return b"nan" if math.isnan(value) else b"0" if value == 0 else f"{value:.17g}".encode()
    if isinstance(value, datetime.datetime):
        plain = value.astimezone(datetime.UTC).replace(tzinfo=None) if value.tzinfo else value
        return str((plain - EPOCH) // datetime.timedelta(microseconds=1)).encode()
    if isinstance(value, datetime.date):
        return str((value - EPOCH.date()).days).encode()
    if isinstance(value, datetime.time):
        since = datetime.datetime.combine(EPOCH.date(), value) - EPOCH
        return str(since // datetime.timedelta(microseconds=1)).encode()
    if isinstance(value, list):
        items = [
            struct_cell({"key": one[0], "value": one[1]}) if isinstance(one, tuple) else cell(one) for one in value
        ]
        return f"{len(value)}:".encode() + b"".join(items)
    if isinstance(value, Mapping):
        return b"".join(cell(value[name]) for name in sorted(value))
    if isinstance(value, decimal.Decimal):
        return f"{value:f}".encode()
    assert isinstance(value, (int, str, uuid.UUID))
    return str(value).encode()


def struct_cell(value: Mapping[str, Any]) -> bytes:
    text = spelled(value)
    return f"{len(text)}:".encode() + text
