// The scores of a board over time, with the threshold of each gesture.

import uPlot from "./vendor/uPlot.esm.js";
import { axis } from "./colours.js";
import { el } from "./dom.js";
import { SECONDS } from "./traces.js";

const HEIGHT = 150;
const HUE_STEP = 137.5; // degrees between two labels: neighbours differ
const hue = (at) => `hsl(${(at * HUE_STEP) % 360} 65% 45%)`;

export class ScoreTrace {
  constructor() {
    this.node = el("section", { class: "board", "aria-label": "Scores over time" });
    this.clear();
    new ResizeObserver(() => this.plot?.setSize({ width: this.node.clientWidth, height: HEIGHT })).observe(this.node);
  }

  clear() {
    this.plot?.destroy();
    this.plot = null;
    this.labels = "";
    this.node.replaceChildren();
  }

  add({ labels, scores, smoothed, thresholds }) {
    if (!labels.length || scores.length !== labels.length) return;
    if (this.labels !== labels.join()) this.begin(labels, thresholds);
    const now = performance.now() / 1000;
    this.columns[0].push(now);
    labels.forEach((_, at) => this.columns[1 + at].push(smoothed[at] ?? scores[at]));
    this.limits.forEach(([, threshold], at) => this.columns[1 + labels.length + at].push(threshold));
    while (this.columns[0][0] < now - SECONDS) for (const column of this.columns) column.shift();
    this.plot.setData(this.columns);
  }

  begin(labels, thresholds) {
    this.clear();
    this.labels = labels.join();
    this.limits = labels.map((_, at) => [at, thresholds[at]]).filter(([, value]) => typeof value === "number");
    this.columns = Array.from({ length: 1 + labels.length + this.limits.length }, () => []);
    const keys = labels.flatMap((label, at) => {
      const key = el("span", { class: "key" }, "■ ");
      key.style.color = hue(at);
      return [key, `${label}  `];
    });
    this.node.append(el("p", { class: "soft" }, ...keys, "(dashed: called from here on)"));
    this.plot = new uPlot(
      {
        width: this.node.clientWidth || 600,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        scales: { x: { time: false, range: (_, low, high) => [high - SECONDS, high] }, y: { range: [0, 1] } },
        axes: [{ show: false }, axis({ label: "score", size: 50, labelSize: 16 })],
        series: [{}, ...labels.map((label, at) => ({ label, stroke: hue(at), width: 2, points: { show: false } })), ...this.limits.map(([at]) => ({ stroke: hue(at), width: 1, dash: [6, 4], points: { show: false } }))],
      },
      this.columns,
      this.node,
    );
  }
}
