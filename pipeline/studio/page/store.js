// What all pages know: the activities of the server, and what this browser has chosen.

import { post, remove } from "./api.js";

export const activities = new Map();
const listeners = new Set();
const HISTORY = ["epoch", "event"];

/** Call `listener(message, activity)` for each message, until the returned function is called. */
export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function receive(message) {
  if (message.type === "state") {
    activities.clear();
    for (const activity of message.activities) activities.set(activity.id, activity);
  } else if (message.type === "activity") {
    activities.set(message.activity.id, message.activity);
  } else {
    keep(message);
  }
  const id = message.type === "activity" ? message.activity.id : message.activity;
  for (const listener of listeners) listener(message, activities.get(id));
}

function keep(message) {
  const activity = activities.get(message.activity);
  if (activity === undefined) return;
  activity.state = message.state;
  if (message.type === "step") activity.steps = [...activity.steps, message.text].slice(-100);
  else if (HISTORY.includes(message.type)) activity.history.push(message);
  else activity.messages[message.type] = message;
}

export const running = (...tasks) =>
  [...activities.values()].filter((a) => a.state === "running" && tasks.includes(a.task));

export const newest = (...tasks) =>
  [...activities.values()].filter((a) => tasks.includes(a.task)).at(-1);

export async function start(task, options) {
  const { activity } = await post("/api/activities", { task, options });
  return activity;
}

export const command = (id, word) => post(`/api/activities/${id}`, { command: word });
export const stop = (id) => remove(`/api/activities/${id}`);

/** Wait until an activity has ended; returns it. */
export function ended(id) {
  return new Promise((resolve) => {
    const isOver = () => activities.has(id) && activities.get(id).state !== "running";
    if (isOver()) return resolve(activities.get(id));
    const unsubscribe = subscribe(() => {
      if (!isOver()) return;
      unsubscribe();
      resolve(activities.get(id));
    });
  });
}

const CHOICES = "studio-choices";
const choices = JSON.parse(localStorage.getItem(CHOICES) ?? "{}");

export const chosen = (name, usual) => choices[name] ?? usual;

export function choose(name, value) {
  choices[name] = value;
  localStorage.setItem(CHOICES, JSON.stringify(choices));
}

/** The folder of a data set that is called `wanted`, there or by people; undefined without one. */
export const folderOf = (datasets, wanted) => datasets.find((one) => [one.name, one.shown].includes(wanted))?.name;

/** The data sets of the project, then the one that comes with the tool. */
export const withSample = (datasets) =>
  folderOf(datasets, "sample") ? datasets : [...datasets, { name: "sample", shown: "sample" }];
