"""Writes deploy/grafana/limi.json, the dashboard, with Grafana's own library for dashboards as code.

The table of panels is `grafana_panels.py` beside it; that library knows Grafana's schema. `--check` writes nothing
and fails where the file is not what this makes.
"""

import argparse
import json
import sys
from itertools import count
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as dashboards
from grafana_foundation_sdk.builders import prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DataSourceRef,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from scripts.grafana_panels import ROWS, Panel

__all__ = ["FILE", "main", "render"]

FILE: Final = Path(__file__).resolve().parent.parent / "deploy" / "grafana" / "limi.json"

_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")


def main() -> None:
    """Write the dashboard, or with `--check` only say whether it is stale."""
    parser = argparse.ArgumentParser(description="Write deploy/grafana/limi.json.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is stale")
    check: bool = parser.parse_args().check
    stale = not FILE.exists() or FILE.read_text(encoding="utf-8") != render()
    if stale and not check:
        FILE.write_text(render(), encoding="utf-8")
    sys.exit(1 if check and stale else 0)


def render() -> str:
    """Return the dashboard as JSON."""
    builder = (
        dashboards.Dashboard("Limi")
        .uid("limi")
        .description("Ephemeral keys: traffic, errors, latency, limits, journal, webhooks, clients, processes.")
        .tags(["limi"])
        .time("now-3h", "now")
        .refresh("30s")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .annotation(
            dashboards.AnnotationQuery()
            .name("Annotations & Alerts")
            .datasource(DataSourceRef(type_val="grafana", uid="-- Grafana --"))
            .type("dashboard")
            .built_in(1)
            .enable(True)
            .hide(True)
            .icon_color("rgba(0, 211, 255, 1)")
        )
        .with_variable(dashboards.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(_labels("job", "Job", "label_values(limi_build_info, job)"))
        .with_variable(_labels("instance", "Server", 'label_values(limi_build_info{job=~"$job"}, instance)'))
    )
    numbers = count(1)
    for title, panels in ROWS.items():
        builder.with_row(dashboards.Row(title).id(next(numbers)))
        for panel in panels:
            made = _single(panel) if panel.single else _curves(panel)
            builder.with_panel(made.id(next(numbers)))
    return json.dumps(builder.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _labels(name: str, label: str, query: str) -> dashboards.QueryVariable:
    return (
        dashboards.QueryVariable(name)
        .label(label)
        .datasource(_SOURCE)
        .query(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(selected=True, text="All", value="$__all"))
    )


def _curves(panel: Panel) -> timeseries.Panel:
    made = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .min(0)
        .span(panel.width)
        .height(8)
        .fill_opacity(10)
        .show_points(VisibilityMode.NEVER)
        .legend(
            common_builders.VizLegendOptions()
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
        )
        .tooltip(common_builders.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    if panel.greatest is not None:
        made.max(panel.greatest)
    for query in _queries(panel):
        made.with_target(query)
    return made


def _single(panel: Panel) -> stat.Panel:
    made = (
        stat.Panel()
        .title(panel.title)
        .description(panel.description)
        .datasource(_SOURCE)
        .unit(panel.unit)
        .span(panel.width)
        .height(4)
        .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
    )
    for query in _queries(panel):
        made.with_target(query)
    return made


def _queries(panel: Panel) -> list[prometheus.Dataquery]:
    return [
        prometheus.Dataquery()
        .datasource(_SOURCE)
        .expr(query)
        .legend_format(legend)
        .range()
        .ref_id(chr(ord("A") + place))
        for place, (legend, query) in enumerate(panel.queries.items())
    ]


if __name__ == "__main__":
    main()
