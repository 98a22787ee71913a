// Record: live signals, takes with a countdown, and each take as a picture.

import { get } from "./api.js";
import { activityLog } from "./activity.js";
import { boardLine, chosenPorts, freeBoard } from "./board_choice.js";
import { attempt, button, el, field, select } from "./dom.js";
import { activities, choose, chosen, command, ended, folderOf, newest, running, start, stop, subscribe } from "./store.js";
import { fillCards, replaceCards, takeCard } from "./take.js";
import { LiveView } from "./traces.js";
import { showUndo } from "./undo.js";

const MODES = [
  ["guided", "guided, with a countdown"],
  ["motion", "each movement is a take"],
  ["background", "background, no gesture"],
  ["continuous", "one long recording"],
];
const HELP = {
  guided: "Several gestures, with commas between them. It says which comes next, in a shuffled order.",
  motion: "One gesture.",
  background: "Do what you do all day. It is recorded as idle, so that the model learns what is no gesture.",
  continuous: "One label for the whole recording.",
};
const BACKGROUND = "idle";
const NARROW = matchMedia("(max-width: 48rem)");

export function recordPage(content) {
  const form = new Form();
  const live = new LiveView();
  const prompt = el("p", { class: "prompt", role: "status", "data-test": "prompt" });
  const state = el("p", { class: "soft", "data-test": "state" });
  const takes = new Takes(form);
  let current = newest("capture", "monitor")?.id;
  const [log, endLog] = activityLog(() => newest("capture")?.id, "the recording", []);
  const record = button("Record", () => attempt(begin), { class: "main" });
  const look = button("Look at the signal", () => attempt(watch));
  const end = button("End", () => attempt(() => stop(current)));
  const again = button("Discard and repeat the newest (r)", () => tell("redo"));
  const discard = button("Discard the newest (d)", () => tell("discard"));

  const tell = (word) => running("capture").length && attempt(() => command(current, word));
  const isRunning = () => activities.get(current)?.state === "running";
  async function watch() {
    await freeBoard();
    await start("monitor", { port: chosenPorts()[0] });
  }
  async function begin() {
    if (!form.node.reportValidity()) return;
    const options = form.options();
    await freeBoard();
    const activity = await ended(await start("capture", { ...options, ports: chosenPorts() }));
    await takes.load();
    const problem = activity.messages.error;
    if (problem?.what.includes("similar to") && confirm(`${problem.what} Is another gesture meant?`))
      await start("capture", { ...options, ports: chosenPorts(), new_label: true });
  }
  function showButtons() {
    const activity = activities.get(current);
    const records = isRunning() && activity.task === "capture";
    record.disabled = records;
    look.disabled = isRunning();
    end.disabled = !isRunning();
    again.disabled = discard.disabled = !records;
    if (!records) prompt.textContent = "";
    if (!isRunning()) state.textContent = "";
  }
  const onKey = (event) => {
    if (["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName) || document.querySelector("dialog[open]")) return;
    if (event.key === "r") tell("redo");
    if (event.key === "d") tell("discard");
  };
  document.addEventListener("keydown", onKey);

  content.append(
    el("h1", {}, "Record takes"),
    el("p", { class: "lead" }, "Ten takes of each gesture are a good beginning, and a minute of background. End keeps the takes so far."),
    boardLine(),
    el(
      "div",
      { class: "columns" },
      el("div", {}, el("section", { class: "card", "aria-label": "What is recorded" }, form.node, el("div", { class: "row" }, record, look, end)), log),
      el("div", {}, prompt, state, el("div", { class: "row" }, again, discard), live.node, takes.node),
    ),
  );
  takes.load();
  showButtons();
  const unsubscribe = subscribe((message, activity) => {
    if (activity && ["capture", "monitor"].includes(activity.task) && activity.state === "running" && activity.id !== current) {
      current = activity.id;
      live.clear();
      if (NARROW.matches) prompt.scrollIntoView(); // else the form is above what it says
    }
    if (message.type === "samples" && activity?.id === current) return live.add(message);
    if (message.type === "capture" && activity?.id === current) showCapture(message, prompt, state, takes);
    if (message.type === "monitor") state.textContent = `${message.rate_hz} Hz, ${lost(message.lost)}`;
    showButtons();
  });
  const shown = activities.get(current)?.messages.capture;
  if (shown && isRunning()) showCapture(shown, prompt, state, takes);
  return () => {
    document.removeEventListener("keydown", onKey);
    unsubscribe();
    endLog();
    live.destroy();
  };
}

const lost = (count) => (count ? `${count} samples lost` : "nothing lost");

function showCapture(message, prompt, state, takes) {
  prompt.textContent = message.prompt;
  prompt.classList.toggle("now", message.in_progress);
  const ports = message.ports.map((port) => {
    const faults = Object.entries(port.faults).map(([kind, count]) => `${kind} ${count}`);
    if (port.clipped) faults.push(`clipped ${port.clipped}`);
    return `${port.state}, ${port.rate_hz} Hz, ${faults.join(", ") || "nothing lost"}`;
  });
  const of = message.of ? ` of ${message.of}` : "";
  const counts = Object.entries(message.takes).map(([label, count]) => `${label} ${count}${of}`);
  state.textContent = `${ports.join("; ")}. Takes: ${counts.join(", ") || "none yet"}`;
  takes.notice(JSON.stringify(message.takes));
}

class Form {
  constructor() {
    this.person = el("input", { value: chosen("person", "me"), required: true, maxlength: 60 });
    this.session = el("input", { value: chosen("session", "1"), required: true, maxlength: 60 });
    this.dataset = el("input", { value: chosen("dataset", "mine"), required: true, maxlength: 60, onchange: () => this.onDataset?.() });
    this.mode = select(MODES, chosen("mode", "guided"), { onchange: () => this.showMode() });
    this.labels = el("input", { value: chosen("labels", "punch, flex"), maxlength: 400, oninput: () => this.checkLabels() });
    this.count = el("input", { type: "number", required: true, min: 1, max: 500, value: chosen("count", 10) });
    this.seconds = el("input", { type: "number", required: true, min: 1, max: 36000, value: chosen("seconds", 60) });
    this.labelField = field("Gestures", this.labels);
    this.labelHelp = this.labelField.querySelector("small");
    this.countField = field("Takes of each", this.count);
    this.secondsField = field("Seconds", this.seconds);
    this.node = el(
      "form",
      { onsubmit: (event) => event.preventDefault() },
      field("Way", this.mode),
      this.labelField,
      this.countField,
      this.secondsField,
      field("Person", this.person, "Who moves the board."),
      field("Session", this.session, "A name for this sitting."),
      field("Data set", this.dataset, "Takes go to the folder data/ and this name."),
    );
    this.showMode();
  }

  showMode() {
    const mode = this.mode.value;
    this.labelHelp.textContent = HELP[mode];
    this.labels.disabled = mode === "background";
    this.countField.hidden = !["guided", "motion"].includes(mode);
    this.secondsField.hidden = !this.countField.hidden;
    this.count.disabled = this.countField.hidden;
    this.seconds.disabled = this.secondsField.hidden;
    this.checkLabels();
  }

  checkLabels() {
    const count = this.named().length;
    const isOne = this.mode.value !== "guided";
    this.labels.setCustomValidity(count === 0 ? "Name a gesture." : isOne && count > 1 ? "One gesture at a time in this way; guided takes several." : "");
  }

  /** The gestures that were typed. */
  named() {
    return this.labels.value.split(",").map((label) => label.trim()).filter(Boolean);
  }

  /** The options of `gesture capture`. */
  options() {
    for (const name of ["person", "session", "dataset", "mode", "labels", "count", "seconds"])
      choose(name, this[name].value);
    const mode = this.mode.value;
    const labels = mode === "background" ? [BACKGROUND] : this.named();
    const about = { labels, person: this.person.value, session: this.session.value, dataset: this.dataset.value };
    if (["guided", "motion"].includes(mode)) return { ...about, mode, count: Number(this.count.value) };
    return { ...about, mode: "continuous", seconds: Number(this.seconds.value) };
  }
}

/** The takes of the data set, the newest first. */
class Takes {
  constructor(form) {
    this.form = form;
    this.list = el("ul", { class: "takes", "data-test": "takes" });
    this.undo = el("div", { class: "row" });
    this.title = el("h2", {}, "Takes");
    this.node = el("section", { "aria-label": "Takes" }, el("div", { class: "row between" }, this.title, this.undo), this.list);
    form.onDataset = () => this.load();
  }

  /** Load again when there are other takes. */
  notice(counts) {
    if (counts === this.counts) return;
    this.counts = counts;
    this.load();
  }

  async load() {
    const dataset = this.form.dataset.value;
    const there = await get("/api/datasets");
    if (!folderOf(there, dataset)) {
      this.title.textContent = `No takes in ${dataset} yet`;
      this.list.replaceChildren();
      return showUndo(this.undo, dataset, () => this.load());
    }
    const base = `/api/datasets/${encodeURIComponent(dataset)}`;
    const [takes, findings] = await Promise.all([get(`${base}/takes`), get(`${base}/lint`).catch(() => [])]);
    if (dataset !== this.form.dataset.value) return; // another was typed meanwhile
    takes.reverse();
    const findingsOf = (take) => findings.filter((finding) => finding.file.endsWith(`/${take.id}`));
    const labels = [...new Set(takes.map((take) => take.label))].sort();
    const shelf = { dataset, labels, findingsOf, changed: () => this.load() };
    this.title.textContent = `${takes.length} ${takes.length === 1 ? "take" : "takes"} in ${dataset}`;
    replaceCards(this.list, ...takes.slice(0, 60).map((take) => takeCard(shelf, take)));
    fillCards(this.list, takes);
    await showUndo(this.undo, dataset, () => this.load());
  }
}
