// Connect: boards, and virtual ones.

import { get } from "./api.js";
import { attempt, button, el, field, select } from "./dom.js";
import { choose, chosen, running, start, stop, subscribe, withSample } from "./store.js";

const LOOK_EVERY_MS = 2000;

export function connectPage(content) {
  const ports = el("div", {});
  const virtual = el("div", {});
  content.append(
    el("h1", {}, "Connect a board"),
    el("p", { class: "lead" }, "Plug a Nano 33 BLE Sense in, or start a virtual board that plays recordings. Several boards can be recorded together."),
    el("section", { class: "card", "aria-label": "Boards" }, ports),
    el("section", { class: "card", "aria-label": "Virtual boards" }, virtual),
  );
  const look = () => attempt(async () => showPorts(ports, await get("/api/ports")));
  look();
  showVirtual(virtual);
  const timer = setInterval(look, LOOK_EVERY_MS);
  const end = subscribe((message) => {
    if (["activity", "port", "error", "stopped", "result", "step"].includes(message.type)) {
      showRunning(virtual);
      look();
    }
  });
  return () => {
    clearInterval(timer);
    end();
  };
}

let shown = "";
function showPorts(node, ports) {
  const starting = running("board").map((activity) => activity.messages.port?.port); // perhaps not listed yet
  const there = [...ports.map((port) => port.device), ...starting];
  choose("ports", chosen("ports", []).filter((device) => there.includes(device)));
  const text = JSON.stringify([ports, chosen("ports", [])]);
  if (text === shown && node.childElementCount) return; // a button that has the focus keeps it
  shown = text;
  if (!ports.length) {
    node.replaceChildren(
      el("h2", {}, "No board was found"),
      el("p", {}, "Nothing is plugged in, or the cable only charges. No board? Start a virtual one below."),
    );
    return;
  }
  node.replaceChildren(el("h2", {}, "Boards"), ...ports.map(portRow));
}

function portRow(port) {
  const isChosen = chosen("ports", []).includes(port.device);
  const toggle = (event) => {
    const others = chosen("ports", []).filter((device) => device !== port.device);
    choose("ports", event.target.checked ? [...others, port.device] : others);
  };
  const box = el("input", { type: "checkbox", checked: isChosen, onchange: toggle });
  const serial = port.serial_number ? `, serial number ${port.serial_number}` : "";
  return el(
    "div",
    { class: "port" },
    el("label", { class: "row" }, box, el("strong", {}, port.what), el("span", { class: "soft" }, `${port.device}${serial}`)),
    port.held_by.length ? el("p", { class: "soft" }, `in use by ${port.held_by.join(", ")}`) : null,
    port.fix ? el("p", { class: "bad" }, "You may not open it. Type once in a terminal: ", el("code", {}, port.fix)) : null,
  );
}

async function showVirtual(node) {
  const [datasets, runs] = await Promise.all([get("/api/datasets"), get("/api/runs")]);
  const board = select([["native", "native: a program of this computer, starts at once"], ["virtual", "virtual: an emulated Cortex-M4, as the real board"]]);
  const plays = select([...withSample(datasets).map((one) => [one.name, `the takes of ${one.shown}, again and again`]), ["", "nothing: it lies still"]], "sample");
  const ready = runs.filter((run) => run.state && run.state !== "trained" && run.task === "gesture");
  const model = select([["", "none: it only measures"], ...ready.map((run) => [`runs/${run.name}`, run.name])], chosen("run", ""));
  if (model.selectedIndex < 0) model.value = "";
  const begin = () =>
    attempt(() => start("board", { board: board.value, dataset: plays.value, run: model.value }));
  node.replaceChildren(
    el("h2", {}, "No board? Start a virtual one"),
    field("Kind", board),
    field("Its sensor plays", plays, "In an order of its own: record from it with `each movement is a take`, for guided takes would get the wrong names."),
    field("Its model", model, "A converted run; it then calls gestures."),
    button("Start the virtual board", begin, { class: "main" }),
    el("div", { class: "running" }),
  );
  showRunning(node);
}

function showRunning(node) {
  const place = node.querySelector(".running");
  if (!place) return;
  place.replaceChildren(
    ...running("board").map((activity) => {
      const port = activity.messages.port?.port;
      const text = port ? `runs at ${port}` : (activity.steps.at(-1) ?? "starts");
      const plays = activity.options.dataset ? `, plays ${activity.options.dataset}` : "";
      return el(
        "div",
        { class: "row between" },
        el("span", { "data-test": "virtual" }, `${activity.options.board} board ${text}${plays}`),
        button("Stop it", () => attempt(() => stop(activity.id))),
      );
    }),
  );
}
