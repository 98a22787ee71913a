// Requests to the server, and its messages.

async function ask(path, options = {}) {
  const answer = await fetch(path, options).catch(() => {
    throw { what: "The studio does not answer.", next: "look at the terminal in which it was started" };
  });
  if (answer.ok) return answer.json();
  if (answer.status === 403) throw { what: await answer.text() };
  throw await answer.json().catch(() => ({ what: `The studio cannot answer ${path}.`, why: "a name has signs that an address cannot have", next: "use letters, digits, _ and -" }));
}

export const get = (path) => ask(path);
export const post = (path, content = {}) =>
  ask(path, { method: "POST", body: JSON.stringify(content) });
export const put = (path, body) => ask(path, { method: "PUT", body });
export const remove = (path) => ask(path, { method: "DELETE" });

/** Call `onMessage` for each message, and `onLink` when the connection comes and goes. */
export function listen(onMessage, onLink) {
  const socket = new WebSocket(`ws://${location.host}/live`);
  socket.onopen = () => onLink(true);
  socket.onmessage = (event) => onMessage(JSON.parse(event.data));
  socket.onclose = () => {
    onLink(false);
    setTimeout(() => listen(onMessage, onLink), 1000);
  };
}
