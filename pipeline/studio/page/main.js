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
const content = document.getElementById("content");
const links = Object.fromEntries(Object.entries(PAGES).map(([name, [title]]) => [name, el("a", { href: `#${name}` }, title)]));
let leave = () => {};

const shown = () => (location.hash.slice(1) in PAGES ? location.hash.slice(1) : "connect");

function show() {
  const [title, page] = PAGES[shown()];
  leave();
  content.replaceChildren();
  leave = page(content) ?? (() => {});
  document.title = `${title} – Gesture studio`;
  showSteps();
}

function showSteps() {
  for (const [name, link] of Object.entries(links)) {
    const isBusy = running(...(TASKS[name] ?? [])).length > 0;
    const dot = isBusy ? el("span", { class: "busy" }, el("span", { class: "unseen" }, " (runs)")) : "";
    link.replaceChildren(PAGES[name][0], dot);
    link.removeAttribute("aria-current");
  }
  links[shown()].setAttribute("aria-current", "page");
}

/** The keyboard goes on at the top of the page. */
function toTheTop() {
  content.focus();
  scrollTo(0, 0);
}

function showLink(isThere) {
  document.getElementById("link").textContent = isThere ? "" : "The studio does not answer; trying again. If it was started again, open the address in its terminal.";
}

subscribe((message) => {
  if (message.type === "activity") clearNotices();
  if (message.type === "error") notice(message);
  if (["state", "activity", "result", "error", "stopped"].includes(message.type)) showSteps();
});
document.getElementById("steps").append(...Object.values(links).map((link) => el("li", {}, link)));
followBoards();
let isShown = false;
listen((message) => {
  receive(message);
  if (message.type === "state" && !isShown) {
    isShown = true;
    show();
  }
}, showLink);
window.addEventListener("hashchange", () => {
  show();
  toTheTop();
});
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // an address with #content would be another page
  toTheTop();
});
