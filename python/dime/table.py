# SPDX-License-Identifier: GPL-2.0
"""Results as rows, for those who work with tables."""
from __future__ import annotations

from typing import Any, Dict, Iterable, Mapping


def flat(content: Mapping[str, Any], before: str = "") -> Dict[str, Any]:
    """Nested mappings as one: {"faults": {"remote": 1}} is {"faults.remote": 1}. Lists stay as they are."""
    row: Dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Mapping):
            row.update(flat(value, f"{before}{key}."))
        else:
            row[before + key] = value
    return row


def frame(rows: Iterable[Any]) -> Any:
    """A pandas.DataFrame of results, of the runs or points of a sweep, or of events. Raises ImportError without pandas."""
    import pandas  # type: ignore[import]  # only here, so that nothing else needs it

    def row_of(one: Any) -> Dict[str, Any]:
        content = one if isinstance(one, Mapping) else one._asdict() if hasattr(one, "_asdict") else vars(one)
        return flat({key: value for key, value in content.items() if key != "line"})

    return pandas.DataFrame([row_of(one) for one in rows])
