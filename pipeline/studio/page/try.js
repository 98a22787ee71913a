// Try: what a board calls, beside the signal and the scores; and what it got wrong.

import { activityLog } from "./activity.js";
import { attempt, button, clearNotices, el, notice } from "./dom.js";
import { get } from "./api.js";
import { boardLine, chosenPorts, freeBoard } from "./board_choice.js";
import { enrolmentCard } from "./enrolment.js";
import { activities, choose, chosen, command, folderOf, newest, running, start, stop, subscribe } from "./store.js";
import { ScoreTrace } from "./score_trace.js";
import { LiveView } from "./traces.js";

const CALLED_SHOWN_MS = 2000;
const SHOWN = 30;

/** The data set that the board's model learned from, so that the next training learns from marks. */
async function markedIn() {
  const path = running("board").at(-1)?.options.run || chosen("run", "");
  const run = (await get("/api/runs")).find((one) => `runs/${one.name}` === path);
  return folderOf(await get("/api/datasets"), run?.data) ?? chosen("dataset", "mine");
}

export function tryPage(content) {
  const live = new LiveView();
  const trace = new ScoreTrace();
  const called = el("p", { class: "called", role: "status", "data-test": "called" });
  const scores = el("div", { class: "bars", role: "group", "aria-label": "Scores" });
  const state = el("p", { class: "soft" });
  const list = el("ol", { class: "log", tabindex: "0", "aria-label": "What was called", "data-test": "events" });
  const missed = el("div", { class: "row", role: "group", "aria-label": "It missed a gesture" });
  let current = newest("monitor")?.id;
  const [log, endLog] = activityLog(() => newest("monitor")?.id, "the board", []);
  const tell = (word) => attempt(() => command(current, word));
  const begin = button("Watch the board", () => attempt(watch), { class: "main" });
  const end = button("End", () => attempt(() => stop(current)));
  const wrong = button("That was wrong", () => tell("w"));
  const undo = button("Take that back", () => {
    clearNotices();
    tell("u");
  });
  async function watch() {
    await freeBoard();
    await start("monitor", { port: chosenPorts()[0], dataset: await markedIn(), person: chosen("person", "me") });
  }
  const [enrol, endEnrol] = enrolmentCard();
  content.append(
    el("h1", {}, "Try it"),
    el("p", { class: "lead" }, "Put the model on a board, or start a virtual one with it. It then calls gestures by name. Mark what it called wrongly or missed, then train again: the model learns from it."),
    boardLine(),
    el("div", { class: "row" }, begin, end, wrong, undo),
    called,
    el("div", { class: "columns" }, el("div", {}, el("section", { class: "card", "aria-label": "Scores and calls" }, scores, missed, el("h2", {}, "Called"), list), log, enrol), el("div", {}, state, trace.node, live.node)),
  );
  const showButtons = () => {
    const runs = activities.get(current)?.state === "running";
    begin.disabled = runs;
    end.disabled = wrong.disabled = undo.disabled = !runs;
    missed.hidden = !runs;
  };
  const showEvents = () => {
    const events = activities.get(current)?.history ?? [];
    list.replaceChildren(...events.slice(-SHOWN).reverse().map((event) => el("li", {}, `${(event.t_us / 1e6).toFixed(1)} s  ${event.label}  ${event.score.toFixed(2)}`)));
  };
  let timer;
  const showCall = (event) => {
    called.textContent = event.label;
    clearTimeout(timer);
    timer = setTimeout(() => (called.textContent = ""), CALLED_SHOWN_MS);
    showEvents();
  };
  const showMonitor = (message) => {
    showScores(scores, message);
    trace.add(message);
    state.textContent = `${message.rate_hz} Hz, delay ${message.delay_ms} ms, ${message.lost ? `${message.lost} samples lost` : "nothing lost"}. Called: ${Object.entries(message.called).map(([label, n]) => `${label} ${n}`).join(", ") || "nothing yet"}`;
    showMissed(missed, message, tell);
  };
  showButtons();
  showEvents();
  const unsubscribe = subscribe((message, activity) => {
    if (activity?.task !== "monitor") return;
    if (activity.state === "running" && activity.id !== current) {
      current = activity.id;
      live.clear();
      trace.clear();
    }
    if (activity.id !== current) return;
    if (message.type === "samples") return live.add(message);
    if (message.type === "monitor") return showMonitor(message);
    if (message.type === "event") showCall(message);
    if (message.type === "pulled") showPulled(message);
    showButtons();
  });
  return () => {
    clearTimeout(timer);
    unsubscribe();
    endLog();
    endEnrol();
    trace.clear();
    live.destroy();
  };
}

function showPulled(message) {
  const dataset = message.file.split("/").at(-3);
  choose("trained", dataset);
  notice({ what: `Kept to learn from: ${message.seconds.toFixed(1)} s in ${message.file}`, next: `train on ${dataset} again` }, "info");
}

function showScores(node, message) {
  if (message.scores.length !== message.labels.length) return;
  if (node.childElementCount !== 3 * message.labels.length) {
    node.replaceChildren(...message.labels.flatMap((label) => [el("span", {}, label), el("span", { class: "bar", role: "img", "aria-label": label }, el("i", {}), el("b", {})), el("span", { class: "soft" })]));
  }
  message.labels.forEach((label, at) => {
    const [, bar, text] = [...node.children].slice(3 * at, 3 * at + 3);
    const [fill, mark] = bar.children;
    const score = message.smoothed[at] ?? message.scores[at];
    const threshold = message.thresholds[at];
    fill.style.width = `${100 * score}%`;
    mark.hidden = threshold === null || threshold === undefined;
    mark.style.left = `${100 * (threshold ?? 0)}%`;
    bar.setAttribute("aria-label", `${label}: ${score.toFixed(2)}${mark.hidden ? "" : `, called from ${threshold.toFixed(2)} on`}`);
    text.textContent = score.toFixed(2);
  });
}

/** A button for each gesture; the keys of `gesture monitor` count them without the background. */
function showMissed(node, message, tell) {
  const gestures = message.labels.filter((label) => label !== "idle");
  if (node.dataset.of === gestures.join()) return;
  node.dataset.of = gestures.join();
  node.replaceChildren(el("span", {}, "It missed:"), ...gestures.slice(0, 9).map((label, at) => button(label, () => tell(String(at + 1)))));
}
