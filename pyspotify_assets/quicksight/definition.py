"""The dashboard in QuickSight's own terms, made from the declared sheets: the `Definition` of CreateDashboard.

https://docs.aws.amazon.com/quicksight/latest/APIReference/API_DashboardVersionDefinition.html has what each part means.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pyspotify_assets.quicksight.data_sets import NEWEST
from pyspotify_assets.quicksight.filters import HIDDEN, chosen, column_of, left_out
from pyspotify_assets.quicksight.visuals import COLUMNS, SHEETS, Sheet, Visual

_FEED, _EDITION = "filter-feed", "filter-edition"
_CONTROL_WIDTH = 4
"""Columns of the grid that a control above the sheet takes."""


def dashboard_definition(data_set_arns: Mapping[str, str], feed: str, sheets: Sequence[Sheet] = SHEETS) -> dict:
    """The dashboard over the data sets whose ARNs are given by mart; at first it shows `feed`, on its newest day."""
    return {
        "DataSetIdentifierDeclarations": [
            {"Identifier": mart, "DataSetArn": arn} for mart, arn in data_set_arns.items()
        ],
        "Sheets": [_sheet(sheet) for sheet in sheets],
        "FilterGroups": [
            chosen(_FEED, "Feed", "feed", feed, {sheet.id: [one.id for one in sheet.visuals] for sheet in sheets}),
            chosen(
                _EDITION,
                "Day",
                "edition",
                NEWEST,
                {sheet.id: [one.id for one in sheet.visuals if one.of_one_day] for sheet in sheets},
            ),
            *(
                left_out(sheet, visual, number, only)
                for sheet in sheets
                for visual in sheet.visuals
                for number, only in enumerate(visual.only)
            ),
        ],
    }


def _sheet(sheet: Sheet) -> dict[str, Any]:
    controls = {f"{sheet.id}-{name}": source for name, source in (("feed", _FEED), ("day", _EDITION))}
    return {
        "SheetId": sheet.id,
        "Name": sheet.title,
        "ContentType": "INTERACTIVE",
        "Visuals": [_KINDS[visual.kind](visual) for visual in sheet.visuals],
        "FilterControls": [
            {"CrossSheet": {"FilterControlId": control, "SourceFilterId": source}}
            for control, source in controls.items()
        ],
        "SheetControlLayouts": [
            {
                "Configuration": {
                    "GridLayout": {
                        "Elements": [
                            {
                                "ElementId": control,
                                "ElementType": "FILTER_CONTROL",
                                "ColumnSpan": _CONTROL_WIDTH,
                                "RowSpan": 1,
                            }
                            for control in controls
                        ]
                    }
                }
            }
        ],
        "Layouts": [
            {
                "Configuration": {
                    "GridLayout": {
                        "Elements": _placed(sheet.visuals),
                        "CanvasSizeOptions": {
                            "ScreenCanvasSizeOptions": {"ResizeOption": "FIXED", "OptimizedViewPortWidth": "1600px"}
                        },
                    }
                }
            }
        ],
    }


def _placed(visuals: Sequence[Visual]) -> list[dict[str, Any]]:
    """The visuals on the grid: from left to right, and in a new row where one does not fit any more."""
    elements, column, row, next_row = [], 0, 0, 0
    for visual in visuals:
        if column + visual.width > COLUMNS:
            column, row = 0, next_row
        elements.append(
            {
                "ElementId": visual.id,
                "ElementType": "VISUAL",
                "ColumnIndex": column,
                "ColumnSpan": visual.width,
                "RowIndex": row,
                "RowSpan": visual.height,
            }
        )
        column, next_row = column + visual.width, max(next_row, row + visual.height)
    return elements


def _number(visual: Visual) -> dict[str, Any]:
    return {"KPIVisual": _visual(visual, {"FieldWells": {"Values": [_measure(visual)]}})}


def _line(visual: Visual) -> dict[str, Any]:
    wells: dict[str, Any] = {"Category": [_dimension(visual, visual.along[0])], "Values": [_measure(visual)]}
    sort: dict[str, Any] = {"CategorySort": [_sort(visual, visual.along[0], "ASC")]}
    configuration = {
        "Type": "LINE",
        "XAxisLabelOptions": HIDDEN,
        "PrimaryYAxisLabelOptions": _axis_label(visual),
        "Legend": HIDDEN,
    }
    if visual.colour:
        wells["Colors"] = [_dimension(visual, visual.colour)]
        sort["ColorItemsLimitConfiguration"] = _limit(visual)
        configuration["Legend"] = {"Visibility": "VISIBLE", "Position": "RIGHT", "Title": HIDDEN}
    configuration |= {"FieldWells": {"LineChartAggregatedFieldWells": wells}, "SortConfiguration": sort}
    return {"LineChartVisual": _visual(visual, configuration)}


def _bars(visual: Visual) -> dict[str, Any]:
    """Horizontal bars in the order of their values, the longest first."""
    return _bar_chart(visual, "HORIZONTAL", _sort(visual, _measured(visual), visual.order))


def _columns(visual: Visual) -> dict[str, Any]:
    """Upright bars in the order of what they stand for."""
    return _bar_chart(visual, "VERTICAL", _sort(visual, visual.along[0], "ASC"))


def _bar_chart(visual: Visual, orientation: str, sort: dict[str, Any]) -> dict[str, Any]:
    wells: dict[str, Any] = {"Category": [_dimension(visual, visual.along[0])], "Values": [_measure(visual)]}
    configuration = {
        "Orientation": orientation,
        "BarsArrangement": "STACKED" if visual.colour else "CLUSTERED",
        "SortConfiguration": {"CategorySort": [sort], "CategoryItemsLimit": _limit(visual)},
        "CategoryLabelOptions": HIDDEN,
        "ValueLabelOptions": _axis_label(visual),
        "Legend": HIDDEN,
        "DataLabels": HIDDEN if visual.colour else {"Visibility": "VISIBLE", "Overlap": "DISABLE_OVERLAP"},
    }
    if visual.colour:
        wells["Colors"] = [_dimension(visual, visual.colour)]
        configuration["Legend"] = {"Visibility": "VISIBLE", "Position": "RIGHT", "Title": HIDDEN}
    return {"BarChartVisual": _visual(visual, configuration | {"FieldWells": {"BarChartAggregatedFieldWells": wells}})}


def _table(visual: Visual) -> dict[str, Any]:
    """Rows as they are, not added up, in the order of the first column."""
    return {
        "TableVisual": _visual(
            visual,
            {
                "FieldWells": {
                    "TableUnaggregatedFieldWells": {
                        "Values": [
                            {"FieldId": _field_id(visual, name), "Column": column_of(visual.data_set, name)}
                            for name in visual.along
                        ]
                    }
                },
                "SortConfiguration": {"RowSort": [_sort(visual, visual.along[0], visual.order)]},
                "FieldOptions": {
                    "SelectedFieldOptions": [
                        {"FieldId": _field_id(visual, name), "CustomLabel": visual.data_set.field(name).label}
                        for name in visual.along
                    ]
                },
            },
        )
    }


_KINDS = {"number": _number, "line": _line, "bars": _bars, "columns": _columns, "table": _table}


def _visual(visual: Visual, configuration: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "VisualId": visual.id,
        "Title": {"Visibility": "VISIBLE", "FormatText": {"PlainText": visual.title}},
        "Subtitle": {"Visibility": "VISIBLE", "FormatText": {"PlainText": visual.subtitle}},
        "ChartConfiguration": dict(configuration),
    }


def _dimension(visual: Visual, name: str) -> dict[str, Any]:
    field = {"FieldId": _field_id(visual, name), "Column": column_of(visual.data_set, name)}
    kind = visual.data_set.field(name).type
    if kind == "DATETIME":
        return {"DateDimensionField": field | {"DateGranularity": "DAY"}}
    return {"CategoricalDimensionField" if kind == "STRING" else "NumericalDimensionField": field}


def _measure(visual: Visual) -> dict[str, Any]:
    assert visual.value, visual.id
    name, by = visual.value.field, visual.value.by
    field = {"FieldId": _field_id(visual, name), "Column": column_of(visual.data_set, name)}
    if visual.data_set.field(name).type == "STRING":
        return {"CategoricalMeasureField": field | {"AggregationFunction": by}}
    display: dict[str, Any] = {"DecimalPlacesConfiguration": {"DecimalPlaces": visual.value.decimals}}
    if visual.value.unsigned:
        display["NegativeValueConfiguration"] = {"DisplayMode": "POSITIVE"}
    return {
        "NumericalMeasureField": field
        | {
            "AggregationFunction": {"SimpleNumericalAggregation": by},
            "FormatConfiguration": {"FormatConfiguration": {"NumberDisplayFormatConfiguration": display}},
        }
    }


def _measured(visual: Visual) -> str:
    assert visual.value, visual.id
    return visual.value.field


def _axis_label(visual: Visual) -> dict[str, Any]:
    name = _measured(visual)
    field = visual.data_set.field(name)
    applies = {"FieldId": _field_id(visual, name), "Column": column_of(visual.data_set, name)}
    label = "Tracks" if field.type == "STRING" else field.label
    return {"Visibility": "VISIBLE", "AxisLabelOptions": [{"CustomLabel": label, "ApplyTo": applies}]}


def _limit(visual: Visual) -> dict[str, Any]:
    return {"ItemsLimit": visual.limit, "OtherCategories": "EXCLUDE"}


def _sort(visual: Visual, name: str, direction: str) -> dict[str, Any]:
    return {"FieldSort": {"FieldId": _field_id(visual, name), "Direction": direction}}


def _field_id(visual: Visual, name: str) -> str:
    return f"{visual.id}.{name}"
