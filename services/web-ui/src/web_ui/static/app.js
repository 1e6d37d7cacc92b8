// What pages do beyond forms and links: ages that stay true, live updates with a visible
// state and a fallback, colours without a round trip, words for screen readers.
// Everything works without this file, only less comfortably.

"use strict";

const WORDS = JSON.parse(document.body.dataset.words);

// --- ages: the server says the moment, time goes on -------------------------------------------------

const MINUTE = 60, HOUR = 3600, DAY = 86400;

// As presentation.py says it, with the same sentences.
function relative(instant, now) {
  const seconds = (now - instant) / 1000, distance = Math.abs(seconds);
  if (distance < 45) return WORDS.now;
  const [count, past, future] = distance < HOUR ? [Math.max(1, Math.round(distance / MINUTE)), "minutes_ago", "in_minutes"]
    : distance < 2 * DAY ? [Math.round(distance / HOUR), "hours_ago", "in_hours"]
    : [Math.round(distance / DAY), "days_ago", "in_days"];
  return WORDS[seconds > 0 ? past : future].replace("#", count);
}

function keepAges(root) {
  const now = new Date();
  for (const time of root.querySelectorAll("time[data-age]")) {
    const text = relative(new Date(time.dateTime), now);
    if (time.textContent !== text) time.textContent = text;
  }
}

// The zone was chosen, or is UTC; whoever reads elsewhere now is told, and decides.
function sayZone() {
  const line = document.getElementById("zone");
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!line || !here || here === document.body.dataset.zone) return;
  line.textContent = WORDS.other_zone.replace("#", here);
  line.hidden = false;
}

// --- live updates -----------------------------------------------------------------------------------

const POLL_MILLISECONDS = 10000;
// What other services hold changes without a word to us, unless it was changed here.
const UNTOLD_MILLISECONDS = 30000;
const GOOD_NEWS_MILLISECONDS = 8000;

// What we know of the way from incident-management to here.
const way = { open: false, upstream: "up", answered: true };
let shown = "";

function state() {
  if (way.open && way.upstream === "up") return "live";
  return way.answered ? "polling" : "offline";
}

function showState() {
  const line = document.getElementById("connection");
  if (!line) return;
  line.hidden = false;
  if (state() === shown) return;
  shown = state();
  line.dataset.state = shown;
  line.querySelector("[data-connection-text]").textContent = WORDS[shown];
  line.title = WORDS[`${shown}_hint`] || "";
}

function refresh() {
  const region = document.querySelector("[data-live] [hx-get]");
  if (region && window.htmx) htmx.trigger(region, "vigie:refresh");
}

// While a neighbour is down nothing tells us that it is back.
function lacksSomething() {
  return document.querySelector("#outages .notice") !== null;
}

function watchConnection() {
  if (!document.querySelector("[data-live]")) return;
  const line = document.getElementById("connection");
  if (line) line.hidden = false;
  setInterval(() => { if (!document.hidden && (state() !== "live" || lacksSomething())) refresh(); }, POLL_MILLISECONDS);
  if (document.querySelector("[data-untold]")) setInterval(() => { if (!document.hidden) refresh(); }, UNTOLD_MILLISECONDS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { keepAges(document); refresh(); } });
  addEventListener("online", refresh);
}

if (window.htmx) {
  // htmx's extension opens the stream; we want to hear what it says about the way behind it.
  htmx.createEventSource = (url) => {
    const source = new EventSource(url);
    source.addEventListener("upstream", (event) => { way.upstream = event.data; showState(); });
    addEventListener("pagehide", () => source.close());
    return source;
  };
}

addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
document.addEventListener("htmx:sseOpen", () => {
  const again = !way.open && shown && shown !== "connecting";
  way.open = way.answered = true;
  showState();
  if (again) refresh(); // what was missed in between
});
document.addEventListener("htmx:sseError", () => { way.open = false; showState(); });
document.addEventListener("htmx:sendError", () => { way.answered = false; showState(); });
document.addEventListener("htmx:timeout", () => { way.answered = false; showState(); });
document.addEventListener("htmx:afterOnLoad", () => { way.answered = true; showState(); });

// --- after a swap -----------------------------------------------------------------------------------

let acted = false;

document.addEventListener("htmx:afterSwap", (event) => keepAges(event.detail.target));

document.addEventListener("htmx:oobAfterSwap", (event) => {
  keepAges(event.detail.target);
  // Good news has been read after a while; a refusal stays.
  if (event.detail.target.id === "notices") show(event.detail.target.querySelector(".notice--error, .notice--warning"));
  const done = event.detail.target.querySelectorAll(".notice--done");
  if (done.length) setTimeout(() => done.forEach((notice) => notice.remove()), GOOD_NEWS_MILLISECONDS);
});

document.addEventListener("htmx:afterSettle", () => {
  // A button that acted is gone with what it offered: the keyboard goes on from the heading.
  const heading = document.querySelector("#incident-heading");
  if (acted && heading && document.activeElement === document.body) heading.focus({ preventScroll: true });
  acted = false;
});

// The form may be gone from the page by now: htmx then tells an ancestor.
function formOf(event) {
  return event.detail.requestConfig.elt.closest("form");
}

document.addEventListener("htmx:afterRequest", (event) => {
  const form = formOf(event);
  if (!form) return;
  acted = true;
  // An answer that leaves the page as it is says why nothing was done: the words are still needed.
  const kept = event.detail.xhr.getResponseHeader("HX-Reswap") === "none";
  if (event.detail.successful && !kept && "resetWhenDone" in form.dataset) {
    form.reset();
    form.querySelectorAll("textarea").forEach((area) => { area.value = ""; });
  }
});

// A refused or failed action must not look as if it had worked.
document.addEventListener("htmx:sendError", (event) => {
  if (formOf(event)) say(WORDS.not_done, true);
});
document.addEventListener("htmx:timeout", (event) => {
  if (formOf(event)) say(WORDS.no_answer, true);
});

function say(words, loud) {
  const line = document.getElementById("announcer");
  line.textContent = words;
  if (loud) {
    const notices = document.getElementById("notices");
    const box = document.createElement("div");
    box.className = "notice notice--error";
    box.setAttribute("role", "alert");
    box.textContent = words;
    if (notices) notices.replaceChildren(box);
    show(box);
  }
}

document.addEventListener("vigie:said", (event) => say(event.detail.value));

// Who pressed a button far down has to see why it did nothing.
function show(box) {
  if (box) box.scrollIntoView({ block: "nearest" });
}

// --- a note outlives the session it was begun in ------------------------------------------------------

const NOTE = "vigie-note";

document.addEventListener("htmx:beforeOnLoad", (event) => {
  const note = document.getElementById("note");
  if (event.detail.xhr.status !== 401 || !note || !note.value) return;
  sessionStorage.setItem(NOTE, JSON.stringify({ path: location.pathname, text: note.value }));
});

document.addEventListener("submit", (event) => {
  if (event.target.matches('form[action="/sign-out"]')) sessionStorage.removeItem(NOTE);
});

function bringBackNote() {
  const note = document.getElementById("note");
  const kept = note && JSON.parse(sessionStorage.getItem(NOTE) || "null");
  if (!kept || kept.path !== location.pathname) return;
  sessionStorage.removeItem(NOTE);
  if (!note.value) note.value = kept.text;
}

// --- colours ----------------------------------------------------------------------------------------

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !("themeForm" in form.dataset)) return;
  event.preventDefault();
  const theme = event.submitter.value;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `vigie_theme=${theme}; path=/; samesite=lax; max-age=${theme ? 31536000 : 0}${secure}`;
  for (const button of form.querySelectorAll("button")) button.setAttribute("aria-pressed", String(button === event.submitter));
});

// --- as an installed app ------------------------------------------------------------------------------

const TRY_AGAIN_MILLISECONDS = 5000;

function registerWorker() {
  // Absent over plain HTTP from another host, and in some private windows: pages do without.
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register("/sw.js").catch((error) => console.warn("No service worker:", error));
}

// A page that could not be made stands in its place until it can.
function waitForAnswer() {
  if (!document.querySelector("[data-again]")) return;
  const ask = () => fetch(location.href, { method: "HEAD", cache: "no-store" }).then((answer) => { if (answer.ok) location.reload(); }, () => { /* not yet */ });
  setInterval(ask, TRY_AGAIN_MILLISECONDS);
}

// The page without a network stands at the address that was wanted: loading again goes there.
function waitForNetwork() {
  if (!document.querySelector("[data-offline]")) return;
  const goOn = () => { if (location.pathname === "/offline") location.replace("/"); else location.reload(); };
  const ask = () => fetch("/health", { cache: "no-store" }).then((answer) => { if (answer.ok) goOn(); }, () => { /* still nobody there */ });
  setInterval(ask, TRY_AGAIN_MILLISECONDS);
  addEventListener("online", ask);
}

// --- keys -------------------------------------------------------------------------------------------

const GO_MILLISECONDS = 1500;
let going = -Infinity;

// Somebody who writes, or steers a list of options, means the letter.
function isWriting(target) {
  return target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return;
  if (performance.now() - going < GO_MILLISECONDS) {
    going = -Infinity;
    const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
    if (link) { event.preventDefault(); location.assign(link.href); }
  } else if (event.key === "g") {
    going = performance.now();
  } else if (event.key === "/") {
    const find = document.querySelector("[data-find]");
    if (find) { event.preventDefault(); find.focus(); find.select(); }
  }
});

// --- start ------------------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.account[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll("details.account[open]")) {
    open.open = false;
    open.querySelector("summary").focus();
  }
});

keepAges(document);
sayZone();
watchConnection();
waitForNetwork();
waitForAnswer();
registerWorker();
setInterval(() => keepAges(document), 30000);
// Last: a storage that is closed to us must not take the rest along.
bringBackNote();
