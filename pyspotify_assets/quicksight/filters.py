"""What is not shown, in QuickSight's terms: what people choose above the sheets, and what a visual is not about.

https://docs.aws.amazon.com/quicksight/latest/APIReference/API_FilterGroup.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspotify_assets.quicksight.data_sets import DATA_SETS, DataSet
from pyspotify_assets.quicksight.visuals import Only, Sheet, Visual

HIDDEN = {"Visibility": "HIDDEN"}


def column_of(data_set: DataSet, name: str) -> dict[str, str]:
    """A column as visuals and filters name it."""
    return {"DataSetIdentifier": data_set.mart, "ColumnName": data_set.field(name).name}


def chosen(filter_id: str, title: str, column: str, value: str, visuals: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """A filter that people set above the sheets, one for all data sets: each has the column. `visuals`: by sheet."""
    return {
        "FilterGroupId": f"{filter_id}-group",
        "Filters": [
            {
                "CategoryFilter": {
                    "FilterId": filter_id,
                    "Column": column_of(DATA_SETS[0], column),
                    "Configuration": {
                        "FilterListConfiguration": {"MatchOperator": "CONTAINS", "CategoryValues": [value]}
                    },
                    "DefaultFilterControlConfiguration": {
                        "Title": title,
                        "ControlOptions": {
                            "DefaultDropdownOptions": {
                                "Type": "SINGLE_SELECT",
                                "DisplayOptions": {"SelectAllOptions": HIDDEN},
                            }
                        },
                    },
                }
            }
        ],
        "ScopeConfiguration": _scope(visuals),
        "Status": "ENABLED",
        "CrossDataset": "ALL_DATASETS",
    }


def left_out(sheet: Sheet, visual: Visual, number: int, only: Only) -> dict[str, Any]:
    """What one visual leaves out, the `number`-th of it."""
    filter_id = f"filter-{visual.id}-{number}"
    about: dict[str, Any] = {"FilterId": filter_id, "Column": column_of(visual.data_set, only.field)}
    if only.texts:
        listed = {"MatchOperator": "CONTAINS", "CategoryValues": list(only.texts)}
        made = {"CategoryFilter": about | {"Configuration": {"FilterListConfiguration": listed}}}
    else:
        about |= {"NullOption": "NON_NULLS_ONLY"}
        for end, name in ((only.least, "Minimum"), (only.most, "Maximum")):
            if end is not None:
                about |= {f"Range{name}": {"StaticValue": end}, f"Include{name}": True}
        made = {"NumericRangeFilter": about}
    return {
        "FilterGroupId": f"{filter_id}-group",
        "Filters": [made],
        "ScopeConfiguration": _scope({sheet.id: [visual.id]}),
        "Status": "ENABLED",
        "CrossDataset": "SINGLE_DATASET",
    }


def _scope(visuals: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    return {
        "SelectedSheets": {
            "SheetVisualScopingConfigurations": [
                {"SheetId": sheet, "Scope": "SELECTED_VISUALS", "VisualIds": list(ids)}
                for sheet, ids in visuals.items()
                if ids
            ]
        }
    }
