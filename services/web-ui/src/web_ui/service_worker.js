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
