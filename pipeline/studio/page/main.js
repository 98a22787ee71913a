// The way: a page for each step, and the link to the server.

import { listen } from "./api.js";
import { followBoards } from "./board_choice.js";
import { clearNotices, el, notice } from "./dom.js";
import { receive, subscribe, running } from "./store.js";
import { connectPage } from "./connect.js";
import { recordPage } from "./record.js";
import { dataPage } from "./data.js";
import { trainPage } from "./train.js";
import { tryPage } from "./try.js";
import { deployPage } from "./deploy.js";

const PAGES = {
  connect: ["Connect", connectPage],
  record: ["Record", recordPage],
  data: ["Data", dataPage],
  train: ["Train", trainPage],
  deploy: ["Deploy", deployPage],
  try: ["Try", tryPage],
};
const TASKS = { connect: ["board"], record: ["capture"], train: ["train"], deploy: ["convert", "deploy"], try: ["monitor", "enrol"] };
let leave = () => {};

function show() {
  const name = location.hash.slice(1) in PAGES ? location.hash.slice(1) : "connect";
  const [title, page] = PAGES[name];
  leave();
  const content = document.getElementById("content");
  content.replaceChildren();
  leave = page(content) ?? (() => {});
  document.title = `${title} – Gesture studio`;
  showSteps(name);
}

function showSteps(current = location.hash.slice(1) || "connect") {
  const steps = Object.entries(PAGES).map(([name, [title]]) => {
    const isBusy = running(...(TASKS[name] ?? [])).length > 0;
    const here = name === current ? "page" : false;
    const dot = isBusy ? el("span", { class: "busy" }, el("span", { class: "unseen" }, " (runs)")) : null;
    return el("li", {}, el("a", { href: `#${name}`, "aria-current": here }, title, dot));
  });
  document.getElementById("steps").replaceChildren(...steps);
}

function showLink(isThere) {
  document.getElementById("link").textContent = isThere ? "" : "The studio does not answer; trying again. If it was started again, open the address in its terminal.";
}

subscribe((message) => {
  if (message.type === "activity") clearNotices();
  if (message.type === "error") notice(message);
  if (["state", "activity", "result", "error", "stopped"].includes(message.type)) showSteps();
});
followBoards();
let isShown = false;
listen((message) => {
  receive(message);
  if (message.type === "state" && !isShown) {
    isShown = true;
    show();
  }
}, showLink);
window.addEventListener("hashchange", show);
