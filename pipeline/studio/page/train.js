// Train: a form, live curves, runs side by side, and the report of each.

import uPlot from "./vendor/uPlot.esm.js";
import { activityLog } from "./activity.js";
import { get, remove } from "./api.js";
import { axis, colour } from "./colours.js";
import { attempt, button, el, field, openDialog, select } from "./dom.js";
import { Settings } from "./settings.js";
import { activities, choose, chosen, folderOf, newest, running, start, subscribe, withSample } from "./store.js";

const HEIGHT = 220; // of the curves
const USUAL = "gesture_rocket";
const WORDS = {
  gesture_rocket: "random convolutions, trained in seconds: the usual choice",
  gesture_conv1d: "small convolutions: a fifth of the instructions",
  gesture_dense: "the network of the Arduino tutorial",
  gesture_ds_conv1d: "convolutions with fewer weights",
  gesture_gru: "a GRU: remembers within a gesture",
  gesture_gru_streaming: "a GRU that never forgets: the smallest",
  gesture_lstm: "an LSTM: a GRU with more memory",
  gesture_conv_gru: "convolutions, then a GRU",
  gesture_tcn: "deep convolutions: the most to compute",
};

export function trainPage(content) {
  const form = el("div", {});
  const curves = new Curves();
  const runs = el("section", { class: "card", "aria-label": "Runs" });
  const result = el("div", { role: "status" });
  const [log, endLog] = activityLog(() => newest("train")?.id, "the training");
  content.append(
    el("h1", {}, "Train"),
    el("div", { class: "columns" }, el("section", { class: "card", "aria-label": "Settings" }, form), el("div", {}, result, curves.node, log)),
    runs,
  );
  attempt(() => showForm(form));
  attempt(() => showRuns(runs));
  const show = () => {
    const activity = newest("train");
    if (!activity) return;
    if (isBegun(activity)) result.replaceChildren(el("p", {}, "The training begins; TensorFlow takes some seconds."));
    curves.show(activity.history);
    showResult(result, activity);
  };
  show();
  const unsubscribe = subscribe((message) => {
    const id = message.type === "activity" ? message.activity.id : message.activity;
    if (activities.get(id)?.task !== "train") return;
    show();
    if (["activity", "result", "error", "stopped"].includes(message.type)) attempt(() => showRuns(runs));
  });
  return () => {
    unsubscribe();
    endLog();
    curves.destroy();
  };
}

/** The usual ones first. */
const inOrder = (configs) => [...new Set([...Object.keys(WORDS).filter((name) => configs.includes(name)), ...configs])];

const isBegun = (activity) => activity.state === "running" && !activity.history.length;

async function showForm(node) {
  const [{ configs, schema }, datasets] = await Promise.all([get("/api/configs"), get("/api/datasets")]);
  const all = withSample(datasets);
  const dataset = select(all.map((one) => [one.name, one.shown]), folderOf(all, chosen("trained")) ?? folderOf(all, chosen("dataset", "mine")) ?? all[0].name);
  const config = select(inOrder(configs).map((name) => [name, WORDS[name] ? `${WORDS[name]} (${name})` : name]), chosen("config", USUAL));
  const place = el("div", {});
  let settings;
  let isReady = false;
  const show = () => (go.disabled = !isReady || running("train").length > 0);
  const go = button("Train", () => begin(), { class: "main", disabled: true });
  const load = async () => {
    isReady = false;
    show();
    settings = new Settings(schema, await get(`/api/configs/${config.value}`));
    place.replaceChildren(settings.node);
    isReady = true;
    show();
  };
  config.onchange = () => attempt(load);
  const begin = () => {
    choose("config", config.value);
    choose("trained", dataset.value);
    attempt(() => start("train", { config: config.value, settings: [`data.path=data/${dataset.value}`, ...settings.changes()] }));
  };
  node.replaceChildren(
    field("Data set", dataset),
    field("Network", config),
    place,
    go,
  );
  const unsubscribe = subscribe(() => (go.isConnected ? show() : unsubscribe()));
  await load();
}

function showResult(node, activity) {
  const trained = activity.messages.result?.result.trained;
  const epoch = activity.history.at(-1)?.epoch;
  if (activity.state === "running" && epoch) {
    const held = epoch.validation_loss === null ? "" : `, validation loss ${epoch.validation_loss.toFixed(3)}`;
    node.replaceChildren(el("p", {}, `Epoch ${epoch.number} of at most ${epoch.of}: loss ${epoch.loss.toFixed(3)}${held}`), el("progress", { max: epoch.of, value: epoch.number, "aria-label": "Training" }));
  } else if (trained) {
    choose("run", trained.run);
    node.replaceChildren(
      el("div", { class: "card" }, el("h2", {}, `Trained ${trained.run}`), ...trained.headline.map((text) => el("p", {}, text)), ...[trained.weakness, trained.note].filter(Boolean).map((text) => el("p", { class: "bad" }, text)), el("p", { class: "soft" }, `${trained.ended}. ${trained.split_note}`), el("p", {}, "Next: ", el("a", { href: "#deploy" }, "make it C for a board"))),
    );
  } else if (activity.state !== "running") {
    node.replaceChildren();
  }
}

async function showRuns(node) {
  const all = await get("/api/runs");
  const runs = all.filter((run) => !run.fault);
  const unfinished = running("train").length ? [] : all.filter((run) => run.is_resumable).map(resumption);
  if (!runs.length) return node.replaceChildren(el("h2", {}, "Runs"), el("p", {}, "No training is finished yet."), ...unfinished);
  const columns = {
    run: (run) => run.name,
    "learned from": (run) => run.data,
    network: (run) => run.model,
    accuracy: (run) => percent(run.int8_accuracy ?? run.float_accuracy),
    "gestures found": (run) => percent(run.event_recall),
    "false alarms an hour": (run) => number(run.false_alarms_per_hour),
    "flash, bytes": (run) => number(run.network_flash_bytes),
    state: (run) => run.state,
  };
  const rows = runs.map((run) =>
    el(
      "tr",
      {},
      ...Object.values(columns).map((value) => el("td", {}, value(run))),
      el("td", { class: "row" }, button("Report", () => report(run.name), { "aria-label": `Report of ${run.name}` }), button("Delete", () => drop(run.name, node), { "aria-label": `Delete ${run.name}` })),
    ),
  );
  node.replaceChildren(
    el("h2", {}, "Runs side by side"),
    ...unfinished,
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of runs" }, el("table", {}, el("thead", {}, el("tr", {}, ...Object.keys(columns).map((name) => el("th", { scope: "col" }, name)), el("th", { scope: "col" }, "what to do"))), el("tbody", {}, ...rows))),
  );
}

/** A training that was stopped: it goes on after its last whole epoch. */
const resumption = (run) =>
  el("p", { class: "row" }, `The training of ${run.name} is not finished.`, button("Go on", () => attempt(() => start("train", { resume: `runs/${run.name}` })), { "aria-label": `Go on with ${run.name}` }));

const percent = (value) => (value === null || value === undefined ? "" : `${(100 * value).toFixed(1)} %`);
const number = (value) => (value === null || value === undefined ? "" : value.toLocaleString("en", { maximumFractionDigits: 1 }));

const report = (name) => openDialog(`Report of ${name}`, el("iframe", { src: `/api/runs/${encodeURIComponent(name)}/report`, title: `Report of ${name}` }));

async function drop(name, node) {
  if (!confirm(`Delete the run ${name} with all its files?`)) return;
  await attempt(() => remove(`/api/runs/${encodeURIComponent(name)}`));
  await showRuns(node);
}

/** Loss by epoch. */
class Curves {
  constructor() {
    this.node = el("div", { class: "traces" });
    new ResizeObserver(() => this.plot?.setSize({ width: this.node.clientWidth, height: HEIGHT })).observe(this.node);
  }

  show(history) {
    const epochs = history.map((message) => message.epoch);
    if (!epochs.some((epoch) => epoch.of > 1)) return this.destroy(); // it is solved at once
    const data = [epochs.map((_, at) => at + 1), epochs.map((e) => e.loss), epochs.map((e) => e.validation_loss)];
    if (this.plot) return this.plot.setData(data);
    this.plot = new uPlot(
      {
        width: this.node.clientWidth || 600,
        height: HEIGHT,
        scales: { x: { time: false } },
        axes: [axis({ label: "epoch" }), axis({ label: "loss", size: 60 })],
        series: [{ label: "epoch" }, { label: "training loss", stroke: colour("--axis-z"), width: 2 }, { label: "validation loss", stroke: colour("--axis-x"), width: 2 }],
      },
      data,
      this.node,
    );
  }

  destroy() {
    this.plot?.destroy();
    this.plot = null;
  }
}
