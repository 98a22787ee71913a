"""Parquet: columns with their names; our own export says rate and person too."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

from pipeline.datasets.recording_file import Noted
from pipeline.datasets.tables.frames import facts_of
from pipeline.datasets.tables.sources import Source
from pipeline.datasets.tables.table import Table, table_of

FACTS = b"gesture"  # the key of our own facts in the metadata of a file
MISSING = "needs pyarrow to be read: pip install 'gesture-pipeline[parquet]'"


def parquet_tables(source: Source) -> list[Table | Noted]:
    """The table of a Parquet file.

    Raises:
        ValueError: it has none, or pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise ValueError(MISSING) from None
    try:
        table = parquet.read_table(io.BytesIO(bytes(source.content())))
    except ArrowException as error:
        raise ValueError(f"is no Parquet file, or damaged: {str(error)[:80]}") from None
    frame = table.to_pandas().reset_index(drop=True)
    facts = _facts(table.schema.metadata or {})
    return [table_of(source.place, [str(name) for name in frame.columns], frame, facts)]


def with_facts(table: Any, facts: Mapping[str, Any]) -> Any:
    """A table of pyarrow with what `parquet_tables` reads of it."""
    return table.replace_schema_metadata(
        {**(table.schema.metadata or {}), FACTS: json.dumps(dict(facts)).encode()}
    )


def _facts(metadata: dict[bytes, bytes]) -> dict[str, Any]:
    try:
        facts = json.loads(metadata.get(FACTS, b"{}"))
    except ValueError:
        return {}
    return facts_of(facts) if isinstance(facts, dict) else {}
