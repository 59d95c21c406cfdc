// Follows the board: the server sends the sections that changed, as it renders
// them itself. Without this script the page is right, and stands still.
"use strict";

const live = document.getElementById("live");

function say(state, text) {
  live.dataset.state = state;
  live.querySelector("span").textContent = text;
}

function age(then) {
  const seconds = Math.max(0, Math.round((Date.now() - then) / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86400)} d`;
}

function tell(root) {
  for (const time of root.querySelectorAll("time[data-age]")) time.textContent = age(Date.parse(time.dateTime));
  for (const time of root.querySelectorAll("time[data-clock]")) time.textContent = new Date(time.dateTime).toLocaleTimeString([], { hourCycle: "h23" });
}

const source = new EventSource("/live");
source.onopen = () => say("live", "live");
source.onerror = () => say("lost", "connection lost, trying again");
source.onmessage = (message) => {
  const { id, html } = JSON.parse(message.data);
  const section = document.getElementById(id);
  if (!section) return location.reload(); // the first organisation has come
  section.innerHTML = html;
  tell(section);
};

tell(document);
setInterval(() => tell(document), 1000);
