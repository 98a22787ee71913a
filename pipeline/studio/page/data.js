// Data: all takes as pictures, overlays, a map, what lint says, import and export.

import { get } from "./api.js";
import { attempt, button, el, field, select } from "./dom.js";
import { importCard } from "./import.js";
import { describe, picture } from "./picture.js";
import { choose, chosen, folderOf } from "./store.js";
import { fillCards, openTake, replaceCards, takeCard } from "./take.js";
import { showUndo } from "./undo.js";

const SVG = "http://www.w3.org/2000/svg";
const MAP = { width: 640, height: 360, room: 20 };

export function dataPage(content) {
  const body = el("div", {});
  const choice = el("div", {});
  content.append(el("h1", {}, "Data"), importCard(() => choices()), choice, body);
  async function choices() {
    const [datasets, forms] = await Promise.all([get("/api/datasets"), get("/api/exports")]);
    if (!datasets.length) return body.replaceChildren(el("p", {}, "There are no recordings yet. Record some, or drop files above."));
    const current = folderOf(datasets, chosen("dataset", "mine")) ?? datasets[0].name;
    const picker = select(datasets.map((one) => [one.name, `${one.shown} (${one.files} ${one.files === 1 ? "file" : "files"})`]), current);
    picker.onchange = () => {
      choose("dataset", picker.value);
      showExports();
      attempt(() => show(body, picker.value));
    };
    const exports = el("span", { class: "row" });
    const showExports = () => exports.replaceChildren(...forms.map((form) => exportLink(picker.value, form)));
    showExports();
    choice.replaceChildren(el("div", { class: "row" }, field("Data set", picker), exports));
    await show(body, current);
  }
  attempt(choices);
}

const exportLink = (dataset, form) =>
  el("a", { href: `/api/datasets/${encodeURIComponent(dataset)}/export?format=${form}`, download: true }, `export as ${form}`);

async function show(body, dataset) {
  if (body.dataset.of !== dataset) body.replaceChildren(el("p", { role: "status" }, "reading the takes"));
  body.dataset.of = dataset;
  const base = `/api/datasets/${encodeURIComponent(dataset)}`;
  const takes = await get(`${base}/takes`);
  const [findings, points] = await Promise.all([get(`${base}/lint`).catch(() => []), get(`${base}/map`).catch(() => [])]);
  if (body.dataset.of !== dataset) return; // another was chosen meanwhile
  const undo = el("div", { class: "row" });
  const again = () => show(body, dataset);
  const labels = [...new Set(takes.map((take) => take.label))].sort();
  const findingsOf = (take) => findings.filter((finding) => finding.file.endsWith(`/${take.id}`));
  const shelf = { dataset, labels, findingsOf, changed: () => attempt(again) };
  const open = (name) => {
    const take = takes.find((one) => one.id === `${name}.csv`);
    if (take) attempt(() => openTake(shelf, take));
  };
  const people = [...new Set(takes.map((take) => take.person))].sort();
  replaceCards(
    body,
    undo,
    whole(findings, takes),
    points.length > 2 ? mapCard(points, labels, open) : "",
    ...labels.map((label) => labelCard(shelf, label, people, takes.filter((take) => take.label === label))),
  );
  fillCards(body, takes);
  await showUndo(undo, dataset, again);
}

/** What lint says of the data set as a whole. */
function whole(findings, takes) {
  const general = findings.filter((finding) => !takes.some((take) => finding.file.endsWith(`/${take.id}`)));
  if (!findings.length) return el("p", { class: "good" }, "Nothing in these takes looks wrong.");
  const marked = findings.length - general.length;
  return el(
    "section",
    { class: "card", "aria-label": "What looks wrong" },
    el("h2", {}, "What looks wrong"),
    marked ? el("p", {}, `Takes with a red border have a remark: ${marked} in all.`) : null,
    el("ul", {}, ...general.map((finding) => el("li", {}, `${finding.what}: ${finding.next_step}`))),
  );
}

function labelCard(shelf, label, people, takes) {
  const list = (person) => el("ul", { class: "takes" }, ...takes.filter((take) => take.person === person).map((take) => takeCard(shelf, take)));
  const there = people.filter((person) => takes.some((take) => take.person === person));
  return el(
    "section",
    { class: "card", "aria-label": label },
    el("h2", {}, `${label} (${takes.length})`),
    overlay(takes.filter((take) => take.picture), label),
    ...there.flatMap((person) => [el("h3", {}, person ?? "unreadable"), list(person)]),
  );
}

/** All takes of a class over each other. */
function overlay(takes, label) {
  const node = el("div", { class: "overlay" });
  const all = takes.map((take) => picture(take.picture, ""));
  if (!all.length) return node;
  const svg = all[0];
  svg.removeAttribute("aria-hidden");
  describe(svg, `all takes of ${label}, one over the other`);
  for (const other of all.slice(1, 40)) svg.append(...other.childNodes);
  for (const line of svg.childNodes) line.setAttribute("opacity", Math.max(0.15, 1 / Math.sqrt(all.length)));
  svg.setAttribute("preserveAspectRatio", "none");
  node.append(svg);
  return node;
}

function mapCard(points, labels, open) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${MAP.width} ${MAP.height}`);
  svg.setAttribute("class", "map");
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", "Map of all takes");
  const place = scales(points);
  for (const point of points) svg.append(dot(point, place(point), labels, open));
  const odd = points.filter((point) => point.looks_like || point.is_odd);
  return el(
    "section",
    { class: "card", "aria-label": "Map of all takes" },
    el("h2", {}, "Map of all takes"),
    el("p", { class: "soft" }, "Takes that are alike lie together. A ring marks what stands out: choose a dot to open its take."),
    svg,
    el("p", { class: "row" }, ...labels.map((label, at) => el("span", {}, key(at), ` ${label}`))),
    el("ul", {}, ...odd.slice(0, 12).map((point) => el("li", {}, button(`${point.name}: ${why(point)}`, () => open(point.name))))),
  );
}

const why = (point) => (point.looks_like ? `looks like ${point.looks_like}` : "unlike all others");

function key(at) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("width", 12);
  svg.setAttribute("height", 12);
  svg.setAttribute("aria-hidden", "true");
  svg.append(circle(6, 6, 5, at));
  return svg;
}

function circle(x, y, radius, at) {
  const node = document.createElementNS(SVG, "circle");
  for (const [name, value] of Object.entries({ cx: x, cy: y, r: radius, fill: `hsl(${(at * 137.5) % 360} 65% 50%)` })) node.setAttribute(name, value);
  return node;
}

function scales(points) {
  const range = (axis) => [Math.min(...points.map((p) => p[axis])), Math.max(...points.map((p) => p[axis]))];
  const [x, y] = [range("x"), range("y")];
  const on = ([low, high], value, size) => MAP.room + ((value - low) / (high - low || 1)) * (size - 2 * MAP.room);
  return (point) => [on(x, point.x, MAP.width), on(y, point.y, MAP.height)];
}

function dot(point, [x, y], labels, open) {
  const node = circle(x.toFixed(1), y.toFixed(1), 5, labels.indexOf(point.label));
  const stands = point.looks_like || point.is_odd;
  if (stands) {
    node.setAttribute("stroke", "currentColor");
    node.setAttribute("stroke-width", 3);
  }
  const title = document.createElementNS(SVG, "title");
  title.textContent = `${point.name}${stands ? `: ${why(point)}` : ""}`;
  node.append(title);
  node.addEventListener("click", () => open(point.name));
  return node;
}
