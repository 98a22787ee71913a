// Deploy: to C, what it costs of the board, and onto the board with each proof.

import { activityLog } from "./activity.js";
import { chosenPorts } from "./board_choice.js";
import { get } from "./api.js";
import { attempt, button, el, field, select } from "./dom.js";
import { choose, chosen, newest, running, start, subscribe } from "./store.js";

const BOARDS = [
  ["virtual", "the virtual board (emulated Cortex-M4)"],
  ["native", "the native board (a program of this computer)"],
  ["nano33ble", "Arduino Nano 33 BLE Sense"],
];

const TASKS = ["convert", "deploy"];

export function deployPage(content) {
  const body = el("div", {});
  const cost = el("section", { class: "card", "aria-label": "Cost", hidden: true });
  const [log, endLog] = activityLog(() => newest(...TASKS)?.id, "the work");
  const proofs = el("div", { role: "status", "data-test": "deployed" });
  content.append(el("h1", {}, "Deploy"), el("p", { class: "lead" }, "The network becomes C for a microcontroller. The board then proves that it computes the same bytes."), body, proofs, log, cost);
  const show = () => {
    showProofs(proofs, newest("deploy"));
    return attempt(() => showBody(body, cost, show));
  };
  show();
  const unsubscribe = subscribe((message, activity) => {
    const isChange = ["activity", "result", "error", "stopped"].includes(message.type);
    if (isChange && TASKS.includes(activity?.task)) show();
  });
  return () => {
    unsubscribe();
    endLog();
  };
}

async function showBody(body, cost, again) {
  const runs = (await get("/api/runs")).filter((run) => !run.fault && run.task === "gesture");
  if (!runs.length) return body.replaceChildren(el("p", {}, "There is no model yet. ", el("a", { href: "#train" }, "Train one first")));
  cost.hidden = false;
  const paths = runs.map((run) => `runs/${run.name}`);
  const current = paths.includes(chosen("run", "")) ? chosen("run", "") : paths.at(-1);
  const run = select(runs.map((one, at) => [paths[at], `${one.name} (${one.state})`]), current);
  run.onchange = () => {
    choose("run", run.value);
    again();
  };
  const board = select(BOARDS, chosen("board", "virtual"));
  const isConverted = runs[paths.indexOf(current)].state !== "trained";
  const work = async (task, options) => {
    choose("run", run.value);
    choose("board", board.value);
    await start(task, { run: run.value, ...options });
  };
  const isBusy = running(...TASKS).length > 0;
  const port = () => (board.value === "nano33ble" ? { port: chosenPorts()[0] } : {});
  body.replaceChildren(
    el(
      "div",
      { class: "card row" },
      field("Run", run),
      button("Convert to C", () => attempt(() => work("convert", {})), { class: isConverted ? "" : "main", disabled: isBusy }),
      field("Board", board),
      button("Put it on the board", () => attempt(() => work("deploy", { board: board.value, ...port() })), { class: "main", disabled: isBusy || !isConverted }),
    ),
  );
  await showCost(cost, current);
}

async function showCost(node, path) {
  const name = path.split("/").at(-1);
  const { cost, files, budget } = await get(`/api/runs/${encodeURIComponent(name)}`);
  const downloads = files.map((file) => el("a", { href: `/api/runs/${encodeURIComponent(name)}/files/${file}`, download: true }, file));
  const zip = cost ? el("a", { href: `/api/runs/${encodeURIComponent(name)}/arduino`, download: true }, "Arduino library (zip)") : null;
  if (!cost) return node.replaceChildren(el("h2", {}, "What it costs"), el("p", {}, "Convert the run to see what it takes of the board."), el("p", { class: "row" }, ...downloads));
  node.replaceChildren(
    el("h2", {}, "What it costs, beside what the board has"),
    el("div", { class: "bars" }, ...bar("flash", cost.flash_bytes, budget.flash_bytes, "bytes"), ...bar("RAM", cost.ram_bytes, budget.ram_bytes, "bytes"), ...bar("stack", cost.stack_bytes, budget.stack_bytes, "bytes"), ...bar("instructions", cost.instructions, budget.instructions, "a call")),
    el("h3", {}, "Instructions by layer"),
    el("div", { class: "bars layers", tabindex: "0", role: "region", "aria-label": "Instructions by layer" }, ...cost.layers.flatMap((layer) => bar(layer.name, layer.instructions, cost.instructions, ""))),
    el("h3", {}, "Download"),
    el("p", { class: "row" }, ...downloads, zip),
  );
}

function bar(name, value, of, unit) {
  const share = of ? value / of : 0;
  const fill = el("i", { class: share > 1 ? "over" : false });
  fill.style.width = `${Math.min(100, 100 * share)}%`;
  const percent = of ? ` (${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %)` : "";
  return [el("span", {}, name), el("span", { class: "bar", role: "img", "aria-label": `${name}: ${value}${percent}` }, fill), el("span", { class: "soft" }, `${value.toLocaleString("en")} ${unit}${percent}`)];
}

function showProofs(node, activity) {
  if (!activity?.messages.result) return node.replaceChildren();
  const { verified, image } = activity.messages.result.result;
  const rows = [
    ["board", `${verified.board}, revision ${verified.revision}`],
    ["contract", `${verified.contract_hash.slice(0, 12)}, read back and equal`],
    ["golden vectors", `${verified.vectors} run on the board, every byte equal`],
    ["self-test", `CRC ${verified.selftest_crc}, as found at conversion`],
    ["image", `${image.flash_bytes.toLocaleString("en")} bytes of flash, ${image.ram_bytes.toLocaleString("en")} of RAM`],
  ];
  node.replaceChildren(el("div", { class: "card" }, el("h2", { class: "good" }, "The board runs this model"), el("table", {}, el("tbody", {}, ...rows.map(([name, text]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, text))))), nextAfter(activity.options)));
}

/** An emulated board ends with the proof; a real one keeps the model. */
function nextAfter({ board, run }) {
  if (board === "nano33ble") return el("p", {}, "Next: ", el("a", { href: "#try" }, "see it call gestures"));
  return el("p", {}, `The virtual board has ended. Next: start one with the model ${run.split("/").at(-1)} on the page `, el("a", { href: "#connect" }, "Connect"), ", then open ", el("a", { href: "#try" }, "Try"), ".");
}
