import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import type { MetricGroup, Stat } from "../../api/types";
import { formatDuration } from "../../text/time";
import { visible } from "../../text/visible";
import { usePreferences } from "../../theme/preferences";

echarts.use([BarChart, GridComponent, LegendComponent, TooltipComponent, SVGRenderer]);

export type MetricField = "tta" | "ttc" | "ttr" | "time_to_recover" | "time_to_detect" | "dwell";

interface Props {
  title: string;
  groups: readonly MetricGroup[];
  field: MetricField;
}

/** The value that a design token has now, as a colour a canvas or SVG understands. */
function token(name: string, host: HTMLElement): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  host.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}

/** The unit in which the axis has round numbers. */
function axisUnit(longestSeconds: number): { seconds: number; name: string } {
  if (longestSeconds > 3 * 86_400) return { seconds: 86_400, name: "d" };
  if (longestSeconds > 3 * 3600) return { seconds: 3600, name: "h" };
  if (longestSeconds > 180) return { seconds: 60, name: "m" };
  return { seconds: 1, name: "s" };
}

const GROUPS_SHOWN = 12;
const BAR_PX = 34;

/** Median and 90th percentile per group, as bars. Names are drawn as text: the tooltip is not HTML either. */
export function Chart({ title, groups, field }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const { dark } = usePreferences();
  const shown = groups.filter((group) => group[field].count > 0).slice(0, GROUPS_SHOWN);

  useEffect(() => {
    const element = host.current;
    if (!element || shown.length === 0) return;
    const chart = echarts.init(element, null, { renderer: "svg" });
    const text = token("--text", element);
    const muted = token("--text-muted", element);
    const line = token("--border", element);
    const unit = axisUnit(Math.max(...shown.map((group) => group[field].p90_seconds ?? group[field].median_seconds ?? 0)));
    const inUnit = (seconds: number | null) => (seconds === null ? null : seconds / unit.seconds);
    const series = (name: string, pick: (stat: Stat) => number | null, colour: string) => ({
      name,
      type: "bar" as const,
      barMaxWidth: 10,
      itemStyle: { color: colour, borderRadius: 2 },
      data: shown.map((group) => inUnit(pick(group[field]))),
    });
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: getComputedStyle(element).fontFamily },
      grid: { left: 8, right: 24, top: 30, bottom: 8, containLabel: true },
      legend: { top: 0, right: 0, itemWidth: 10, itemHeight: 10, textStyle: { color: muted } },
      tooltip: {
        trigger: "axis",
        renderMode: "richText",
        axisPointer: { type: "shadow" },
        backgroundColor: token("--raised", element),
        borderColor: line,
        textStyle: { color: text },
        valueFormatter: (value: unknown) => (typeof value === "number" ? formatDuration(value * unit.seconds) : "–"),
      },
      xAxis: {
        type: "value",
        splitNumber: 4,
        axisLabel: { color: muted, formatter: (value: number) => `${value} ${unit.name}`, hideOverlap: true },
        splitLine: { lineStyle: { color: line } },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: shown.map((group) => visible(group.key)),
        axisLabel: { color: text, width: 150, overflow: "truncate" },
        axisLine: { lineStyle: { color: line } },
        axisTick: { show: false },
      },
      series: [
        series("Median", (stat) => stat.median_seconds, token("--accent", element)),
        series("90th percentile", (stat) => stat.p90_seconds, token("--chart-second", element)),
      ],
    });
    const resize = new ResizeObserver(() => chart.resize());
    resize.observe(element);
    return () => {
      resize.disconnect();
      chart.dispose();
    };
  }, [shown, field, dark]);

  return (
    <figure className="card chart">
      <figcaption>{title}</figcaption>
      {shown.length === 0 ? (
        <p className="muted small">No incident has both of its instants yet.</p>
      ) : (
        <div ref={host} style={{ height: 56 + shown.length * BAR_PX }} role="img" aria-label={`${title}: the table below has the same figures`} />
      )}
    </figure>
  );
}
