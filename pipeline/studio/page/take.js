// A take: its small picture, and a dialog to trim, relabel or discard it.

import uPlot from "./vendor/uPlot.esm.js";
import { get, post } from "./api.js";
import { AXES, axis, colour } from "./colours.js";
import { attempt, button, el, field, openDialog } from "./dom.js";
import { picture } from "./picture.js";

export const addressOf = (dataset, id) =>
  `/api/datasets/${encodeURIComponent(dataset)}/takes/${id.split("/").map(encodeURIComponent).join("/")}`;

/** A card in a list of takes; its shelf is `{dataset, labels, findingsOf, changed}`. */
export function takeCard(shelf, take) {
  const findings = shelf.findingsOf(take);
  if (take.fault) return el("li", { class: "take marked" }, el("p", { class: "mark" }, take.fault));
  const name = `${take.label} by ${take.person}, ${take.seconds} s`;
  return el(
    "li",
    { class: findings.length ? "take marked" : "take", "data-take": take.id },
    button("", () => openTake(shelf, take), { "aria-label": `Open ${name}` }),
    el("span", { class: "soft" }, name, take.pulled ? ` (${take.pulled})` : ""),
    ...findings.slice(0, 2).map((finding) => el("p", { class: "mark" }, finding.what)),
  );
}

/** Put the pictures into cards: after they are in the page, so that many show at once. */
export function fillCards(list, takes) {
  const byId = new Map(takes.map((take) => [take.id, take]));
  for (const card of list.querySelectorAll("[data-take]")) {
    const take = byId.get(card.dataset.take);
    card.querySelector("button").append(picture(take.picture, ""));
  }
}

/** Show other cards in `list`; the keyboard stays at the take it was at, or at the one in its place. */
export function replaceCards(list, ...cards) {
  const found = () => [...list.querySelectorAll("[data-take]")];
  const before = found();
  const at = before.findIndex((card) => card.contains(document.activeElement));
  list.replaceChildren(...cards);
  if (at < 0) return;
  const after = found();
  const same = after.find((card) => card.dataset.take === before[at].dataset.take);
  (same ?? after[Math.min(at, after.length - 1)])?.querySelector("button").focus();
}

export async function openTake(shelf, take) {
  const findings = shelf.findingsOf(take);
  const address = addressOf(shelf.dataset, take.id);
  const points = await attempt(() => get(address));
  if (!points) return;
  const from = el("input", { type: "number", min: 0, step: 0.01, value: 0 });
  const until = el("input", { type: "number", min: 0, step: 0.01, value: points.t_s.at(-1) });
  const label = el("input", { value: take.label, list: "known-labels" });
  const plots = el("div", { class: "traces" });
  const change = (wish, question) =>
    attempt(async () => {
      try {
        await post(address, wish);
      } catch (problem) {
        if (problem.kind !== "SimilarLabelError" || !confirm(`${problem.what} Is another gesture meant?`)) throw problem;
        await post(address, { ...wish, new_label: true });
      }
      dialog.close();
      shelf.changed();
    });
  const dialog = openDialog(
    `${take.label} by ${take.person}`,
    el("p", { class: "soft" }, `${take.seconds} s at ${take.rate_hz} Hz, session ${take.session}. Drag over the signal to choose a part.`),
    ...findings.map((finding) => el("p", { class: "mark" }, `${place(finding)}${finding.what}: ${finding.next_step}`)),
    plots,
    el(
      "div",
      { class: "row" },
      field("From (s)", from),
      field("Until (s)", until),
      button("Play", () => play(charts, points.t_s.at(-1))),
      button("Keep this part only", () => change({ action: "trim", start_s: Number(from.value), stop_s: Number(until.value) + 1e-6 })),
      take.trimmed ? button("As it was before trimming", () => change({ action: "untrim" })) : null,
    ),
    el(
      "div",
      { class: "row" },
      field("Label", label),
      el("datalist", { id: "known-labels" }, ...shelf.labels.map((known) => el("option", { value: known }))),
      button("Give it this label", () => change({ action: "relabel", label: label.value.trim() })),
      button("Discard the take", () => change({ action: "discard" })),
    ),
  );
  const marks = findings.map((finding) => finding.at_s).filter((at) => at !== null);
  const charts = [0, 3].map((first) => chart(plots, points, first, marks, (low, high) => {
    from.value = low.toFixed(2);
    until.value = high.toFixed(2);
  }));
}

const place = (finding) => (finding.at_s === null ? "" : `at ${finding.at_s.toFixed(2)} s: `);

function chart(node, points, first, marks, onSelect) {
  const names = points.channels.slice(first, first + 3);
  if (!names.length) return null;
  const chosen = (plot) => {
    if (plot.select.width < 2) return;
    onSelect(plot.posToVal(plot.select.left, "x"), plot.posToVal(plot.select.left + plot.select.width, "x"));
  };
  const options = {
    width: node.clientWidth || 560,
    height: 170,
    cursor: { drag: { setScale: false, x: true, y: false } },
    scales: { x: { time: false } },
    axes: [axis(), axis({ label: first ? "°/s" : "g", size: 55, labelSize: 16 })],
    series: [{ label: "s" }, ...names.map((name, at) => ({ label: name, stroke: colour(AXES[at]), width: 1.5 }))],
    hooks: { setSelect: [chosen], draw: [(plot) => drawMarks(plot, marks)] },
  };
  return new uPlot(options, [points.t_s, ...points.values.slice(first, first + 3)], node);
}

/** A line where lint found something. */
function drawMarks(plot, marks) {
  const { top, height } = plot.bbox;
  plot.ctx.fillStyle = colour("--bad")();
  for (const at of marks) plot.ctx.fillRect(Math.round(plot.valToPos(at, "x", true)) - 1, top, 3, height);
}

/** Move the cursor through the take at the pace of the hand. */
function play(charts, seconds) {
  const begin = performance.now();
  const step = () => {
    const at = (performance.now() - begin) / 1000;
    for (const plot of charts.filter(Boolean)) plot.setCursor({ left: plot.valToPos(Math.min(at, seconds), "x"), top: 10 });
    if (at < seconds && charts[0].root.isConnected) requestAnimationFrame(step);
  };
  step();
}
