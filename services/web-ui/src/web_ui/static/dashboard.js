// The dashboard: what is new is marked and heard, what is selected stays so, keys and buttons act.
// Without this file the same is done with links and forms.

"use strict";

const region = document.getElementById("dashboard");

function rows() {
  return [...region.querySelectorAll("[data-incident]")];
}

// --- what an update brought ---------------------------------------------------------------------------

// A list that moves under the pointer must not make it press the button of another incident.
const SETTLING_MILLISECONDS = 500;
let before = null;
let moved = { at: -Infinity, rows: new Set() };

function places() {
  return new Map(rows().map((row) => [row.dataset.incident, Math.round(row.getBoundingClientRect().top)]));
}

// Fields that stand in what is replaced, and are for nothing that came with it.
const KEPT = ["assignee", "view-name"];

function typed() {
  return KEPT.map((id) => document.getElementById(id)).filter(Boolean)
    .map((field) => ({ id: field.id, value: field.value, open: field.closest("details")?.open, focus: field === document.activeElement }));
}

function retype(fields) {
  for (const { id, value, open, focus } of fields) {
    const field = document.getElementById(id);
    if (!field) continue;
    const fresh = field.value;
    field.value = value;
    if (field.selectedIndex === -1) field.value = fresh; // whoever was chosen is gone
    if (open) field.closest("details").open = true;
    if (focus) field.focus({ preventScroll: true });
  }
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target !== region) return;
  before = { places: places(), picked: new Set(picked()), at: at(), typed: typed() };
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target !== region || !before) return;
  const now = places();
  moved = { at: performance.now(), rows: new Set([...now.keys()].filter((id) => now.get(id) !== before.places.get(id))) };
  const fresh = rows().filter((row) => !before.places.has(row.dataset.incident));
  fresh.forEach((row) => row.classList.add("is-new"));
  if (fresh.length) announce(fresh);
  const open = region.querySelector("[data-total]");
  if (open) document.title = document.title.replace(/^(\(\d+\) )?/, open.dataset.total !== "0" ? `(${open.dataset.total}) ` : "");
  for (const box of boxes()) box.checked = before.picked.has(box.value);
  retype(before.typed);
  // Who writes elsewhere goes on writing there: a focus that came along would turn letters into keys.
  if (before.at) mark(region.querySelector(`[data-incident="${CSS.escape(before.at)}"]`));
  before = null;
  showPicked();
});

document.addEventListener("click", (event) => {
  // A key presses what has the focus, wherever that moved: such clicks have no detail.
  const row = event.detail && event.target.closest("button") && event.target.closest("[data-incident]");
  if (!row || !moved.rows.has(row.dataset.incident) || performance.now() - moved.at > SETTLING_MILLISECONDS) return;
  event.preventDefault();
  event.stopPropagation();
  row.classList.add("is-new");
  say(WORDS.list_moved);
}, true);

function titleOf(row) {
  return row.querySelector(".title a").textContent;
}

function announce(fresh) {
  const words = fresh.length === 1 ? WORDS.new_incident.replace("#", titleOf(fresh[0])) : WORDS.new_incidents.replace("#", fresh.length);
  say(words);
  alarm(words);
}

// --- heard as well as seen ----------------------------------------------------------------------------

const ALARM = "vigie-alarm";
const bell = document.querySelector("[data-alarm]");
let audio = null;

function alarmIsOn() {
  return localStorage.getItem(ALARM) === "on";
}

function showAlarm() {
  bell.hidden = false;
  bell.setAttribute("aria-pressed", String(alarmIsOn()));
}

function beep() {
  audio ??= new AudioContext();
  for (const [start, pitch] of [[0, 880], [0.22, 1174.7]]) {
    const tone = audio.createOscillator(), volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, audio.currentTime + start);
    volume.gain.exponentialRampToValueAtTime(0.2, audio.currentTime + start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + start + 0.2);
    tone.connect(volume).connect(audio.destination);
    tone.start(audio.currentTime + start);
    tone.stop(audio.currentTime + start + 0.22);
  }
}

function alarm(words) {
  if (!alarmIsOn()) return;
  beep();
  if (document.hidden && "Notification" in window && Notification.permission === "granted") new Notification("Vigie", { body: words, tag: "vigie-new" });
}

if (bell) {
  showAlarm();
  // Browsers allow sound only after a press on the page: this one, or the next.
  bell.addEventListener("click", async () => {
    localStorage.setItem(ALARM, alarmIsOn() ? "off" : "on");
    showAlarm();
    if (!alarmIsOn()) return;
    beep();
    if ("Notification" in window && Notification.permission === "default") await Notification.requestPermission();
  });
}

// --- several at once ----------------------------------------------------------------------------------

function boxes() {
  return [...region.querySelectorAll('input[name="incident"]')];
}

function picked() {
  return boxes().filter((box) => box.checked).map((box) => box.value);
}

function showPicked() {
  const bar = document.getElementById("several");
  if (!bar) return;
  const count = picked().length;
  bar.toggleAttribute("data-empty", count === 0);
  bar.querySelector("[data-count]").textContent = count ? WORDS.selected.replace("#", count) : "";
}

region.addEventListener("change", (event) => { if (event.target.name === "incident") showPicked(); });

// The button that acted is gone with what it offered: the keyboard goes on from its incident.
let taken = null;

document.addEventListener("submit", (event) => {
  if (event.target.id === "several") taken = event.submitter && event.submitter.name === "take" ? event.submitter.value : at();
}, true);

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target !== region || document.activeElement !== document.body || !taken) return;
  const link = document.getElementById(`link-${taken}`) || region.querySelector(".title a") || document.getElementById("open-heading");
  link.focus({ preventScroll: true });
  taken = null;
});

document.addEventListener("htmx:afterRequest", (event) => {
  // What was done with them is done: the next press is about others.
  if (event.target.id !== "several" || !event.detail.successful) return;
  for (const box of boxes()) box.checked = false;
  showPicked();
});

// --- keys ---------------------------------------------------------------------------------------------

function at() {
  const row = region.querySelector("[data-at]");
  return row ? row.dataset.incident : null;
}

function mark(row) {
  for (const other of region.querySelectorAll("[data-at]")) other.removeAttribute("data-at");
  if (row) row.setAttribute("data-at", "");
}

function stand(row) {
  mark(row);
  if (!row) return;
  row.scrollIntoView({ block: "nearest" });
  row.querySelector(".title a").focus({ preventScroll: true });
}

function step(by) {
  const list = rows();
  const place = list.findIndex((row) => row.dataset.incident === at());
  stand(list[Math.min(list.length - 1, Math.max(0, place + by))]);
}

function press(action) {
  const bar = document.getElementById("several");
  if (!bar) return;
  if (!picked().length) {
    const box = boxes().find((one) => one.value === at());
    if (!box) return;
    box.checked = true;
    showPicked();
  }
  bar.querySelector(`button[value="${action}"]`).click();
}

const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  a: () => press("acknowledge"),
  r: () => press("resolve"),
  x: () => { const box = boxes().find((one) => one.value === at()); if (box) { box.checked = !box.checked; showPicked(); } },
  "?": () => document.getElementById("keys").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat && !"jk".includes(event.key)) return;
  if (isWriting(event.target) || document.querySelector("dialog[open]") || performance.now() - going < GO_MILLISECONDS || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key]();
});

const help = document.querySelector("[data-keys]");
if (help) {
  help.hidden = false;
  help.addEventListener("click", KEYS["?"]);
}

showPicked();
