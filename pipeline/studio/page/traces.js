// Live traces: new samples come in bursts, and glide past at the pace of the sensor.

import uPlot from "./vendor/uPlot.esm.js";
import { AXES, axis, colour } from "./colours.js";
import { el } from "./dom.js";

export const SECONDS = 4;
const CHANNELS = [
  ["ax", "ay", "az"],
  ["gx", "gy", "gz"],
];
const UNITS = ["g", "°/s"];
const THOUSANDTHS = 1000;
const BEHIND_S = 0.06; // the newest sample appears a little later, so that it can glide in
const MOST_DRIFT_S = 0.25; // of the sender's clock beside this one, before it is set again

/** Traces of one board. */
export class Traces {
  constructor(title) {
    this.times = [];
    this.values = CHANNELS.flat().map(() => []);
    this.offset = null; // from the sender's clock to this one
    this.delays = [];
    this.frames = 0;
    this.canvases = el("div", { class: "traces" });
    const names = "xyz".split("").map((name) => el("span", { class: `key axis-${name}` }, `${name} `));
    const head = el("p", { class: "soft" }, `${title}  `, ...names);
    this.node = el("section", { class: "board", "aria-label": `Signals of ${title}` }, head, this.canvases);
    this.plots = CHANNELS.map((names, kind) => this.plot(names, UNITS[kind]));
    this.resize = new ResizeObserver(() => this.fit());
    this.resize.observe(this.canvases);
  }

  plot(names, unit) {
    const series = names.map((name, at) => ({ label: name, stroke: colour(AXES[at]), width: 1.5 }));
    const options = {
      width: 600,
      height: 150,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: () => this.range() }, y: { range: around } },
      axes: [{ show: false }, axis({ label: unit, size: 50, labelSize: 16 })],
      series: [{}, ...series],
    };
    return new uPlot(options, [[], [], [], []], this.canvases);
  }

  fit() {
    const width = this.canvases.clientWidth;
    if (width) for (const plot of this.plots) plot.setSize({ width, height: 150 });
  }

  range() {
    const now = this.now ?? 0;
    return [now - SECONDS, now];
  }

  /** Take in samples: t_us rises, values are thousandths. */
  add(message) {
    const { t_us: times, values, at_s: sentS } = message;
    const newest = times.at(-1) / 1e6;
    if (this.times.length && newest < this.times.at(-1)) this.clear(); // the board has restarted
    times.forEach((t, at) => {
      this.times.push(t / 1e6);
      values[at].slice(0, this.values.length).forEach((v, c) => this.values[c].push(v / THOUSANDTHS));
    });
    const here = performance.now() / 1000 - newest;
    if (this.offset === null || here < this.offset || here > this.offset + MOST_DRIFT_S) this.offset = here;
    this.pending = { sentS, newest };
    this.forget();
  }

  clear() {
    this.times = [];
    this.values = this.values.map(() => []);
    this.offset = null;
  }

  forget() {
    const first = this.times.findIndex((t) => t > this.times.at(-1) - SECONDS - 1);
    if (first < 200) return;
    this.times.splice(0, first);
    for (const column of this.values) column.splice(0, first);
  }

  draw() {
    if (this.offset === null) return;
    this.now = performance.now() / 1000 - this.offset - BEHIND_S;
    this.plots.forEach((plot, kind) => {
      const columns = this.values.slice(3 * kind, 3 * kind + 3);
      plot.setData([this.times, ...columns]);
    });
    this.frames += 1;
    if (this.pending && this.pending.newest <= this.now) {
      this.delays.push(Date.now() / 1000 - this.pending.sentS);
      this.delays.splice(0, this.delays.length - 60);
      this.pending = null;
    }
  }

  destroy() {
    this.resize.disconnect();
    for (const plot of this.plots) plot.destroy();
  }
}

function around(_, low, high) {
  const most = Math.max(Math.abs(low ?? 0), Math.abs(high ?? 0), 1);
  const room = 2 ** Math.ceil(Math.log2(most * 1.05));
  return [-room, room];
}

/** All boards of an activity, drawn as often as the screen shows a picture. */
export class LiveView {
  constructor() {
    this.boards = new Map();
    this.speed = el("p", { class: "speed", "data-test": "speed" });
    this.node = el("div", { class: "live" }, this.speed);
    this.since = performance.now();
    const step = () => {
      if (!this.node.isConnected && this.wasShown) return this.destroy();
      this.wasShown ||= this.node.isConnected;
      this.draw();
      this.request = requestAnimationFrame(step);
    };
    this.request = requestAnimationFrame(step);
  }

  add(message) {
    if (!this.boards.has(message.port)) {
      const traces = new Traces(message.port || "The board");
      this.boards.set(message.port, traces);
      this.node.append(traces.node);
      traces.fit();
    }
    this.boards.get(message.port).add(message);
  }

  /** Forget all boards: another activity begins. */
  clear() {
    for (const traces of this.boards.values()) {
      traces.destroy();
      traces.node.remove();
    }
    this.boards.clear();
  }

  draw() {
    for (const traces of this.boards.values()) traces.draw();
    const passed = performance.now() - this.since;
    if (passed < 1000) return;
    const first = this.boards.values().next().value;
    if (first) {
      const delays = [...first.delays].sort((a, b) => a - b);
      const median = delays[delays.length >> 1];
      const fps = Math.round((first.frames * 1000) / passed);
      const delay = median === undefined ? "" : `, ${Math.round(median * 1000)} ms behind the board`;
      this.speed.textContent = `${fps} pictures a second${delay}`;
      this.speed.dataset.fps = fps;
      if (median !== undefined) this.speed.dataset.delayMs = Math.round(median * 1000);
    }
    for (const traces of this.boards.values()) traces.frames = 0;
    this.since = performance.now();
  }

  destroy() {
    cancelAnimationFrame(this.request);
    this.clear();
  }
}
