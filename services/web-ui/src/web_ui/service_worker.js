// Runs behind the pages: keeps the shell for a start without a network, shows what is pushed, and
// acknowledges from a notification. SHELL, which pages/installed.py writes above, says what to keep.
// A page with data is never kept: who reads one at night must know that it is of now.

"use strict";

// --- the shell --------------------------------------------------------------------------------------

const PREFIX = "vigie-shell-";
const CACHE = PREFIX + SHELL.version;

async function keepShell() {
  const cache = await caches.open(CACHE);
  // Without cookies: what is kept is nobody's.
  await cache.addAll([...SHELL.files, SHELL.offline].map((url) => new Request(url, { credentials: "omit" })));
  await self.skipWaiting();
}

async function forgetOlder() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(SHELL.offline, { cacheName: CACHE });
    if (kept) return kept;
    throw error;
  }
}

// The address of such a file changes with its content, so what is kept is never out of date.
async function file(request) {
  return await caches.match(request, { cacheName: CACHE }) || fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(keepShell()));
self.addEventListener("activate", (event) => event.waitUntil(forgetOlder()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") event.respondWith(page(request));
  else if (SHELL.files.includes(request.url.slice(self.location.origin.length))) event.respondWith(file(request));
});

// --- messages ---------------------------------------------------------------------------------------

const URGENT = ["critical", "high"];
const SOMETHING = { title: "Vigie has a message for you", body: "Open it to see.", url: "/" };

// A browser that was pushed something and shows nothing takes the permission away.
function read(data) {
  try {
    return { ...SOMETHING, ...data.json() };
  } catch (error) {
    console.warn("A message that cannot be read:", error);
    return SOMETHING;
  }
}

function tell(message) {
  const acknowledge = message.acknowledge_url ? [{ action: "acknowledge", title: "Acknowledge" }] : [];
  return show(message.title, {
    body: message.body,
    tag: message.tag,
    requireInteraction: URGENT.includes(message.severity),
    actions: [...acknowledge, { action: "open", title: "Open" }],
    data: { title: message.title, url: message.url, acknowledge_url: message.acknowledge_url },
  });
}

function show(title, options) {
  return self.registration.showNotification(title, { icon: SHELL.icon, ...options });
}

function sayLost() {
  return show("Vigie can no longer page this device", {
    body: "Open your settings to subscribe again.",
    requireInteraction: true,
    data: { url: `${self.location.origin}/me` },
  });
}

// Nothing that was pushed leads anywhere but here.
function own(address) {
  return typeof address === "string" && address.startsWith(`${self.location.origin}/`) ? address : null;
}

async function clicked(notification, action) {
  if (action === "acknowledge") return acknowledge(notification);
  notification.close();
  return open(own(notification.data?.url) ?? `${self.location.origin}/`);
}

async function open(url) {
  const windows = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = windows.find((each) => each.url === url);
  return there ? there.focus() : self.clients.openWindow(url);
}

self.addEventListener("push", (event) => event.waitUntil(tell(read(event.data))));
self.addEventListener("notificationclick", (event) => event.waitUntil(clicked(event.notification, event.action)));
// A browser that makes itself a new address leaves the one that we know dead.
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(sayLost()));

// --- acknowledging ----------------------------------------------------------------------------------

const OUTCOMES = {
  acknowledged: () => "You have it. The escalation has stopped.",
  taken: ({ by }) => `${by} has it already. Nothing was changed.`,
  over: () => "It is over. Nothing was changed.",
  used: () => "Not acknowledged: this message was used before. Open the incident.",
  expired: () => "Not acknowledged: this message is too old. Open the incident.",
  invalid: () => "Not acknowledged: this message does nothing here.",
};

async function acknowledge(notification) {
  const url = own(notification.data?.acknowledge_url);
  if (!url) return answer(notification, "Not acknowledged: the link leads elsewhere. Open the incident.");
  try {
    const response = await fetch(url, { method: "POST", headers: { Accept: "application/json" }, credentials: "omit", redirect: "error" });
    const link = await response.json();
    return answer(notification, OUTCOMES[link.outcome](link));
  } catch (error) {
    console.warn("An acknowledgement that failed:", error);
    return answer(notification, "Perhaps not acknowledged: Vigie gave no answer. Press again.", notification.actions);
  }
}

// In the place of the message, which the same tag says; without a tag beside it, so that one goes.
function answer(notification, words, actions = [{ action: "open", title: "Open" }]) {
  const { data, tag } = notification;
  notification.close();
  return show(words, { body: data?.title, tag, actions, data });
}
