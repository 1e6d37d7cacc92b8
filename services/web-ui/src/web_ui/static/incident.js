// The page of one incident: what can be undone for ten seconds says so for ten seconds, and the
// menu of the rarer actions closes when something else is pressed.

"use strict";

// By how long the server gives it, not by a clock of this device that may be wrong.
function hideInTime() {
  for (const form of document.querySelectorAll("[data-seconds]")) setTimeout(() => { form.hidden = true; }, form.dataset.seconds * 1000);
}

document.addEventListener("htmx:afterSwap", hideInTime);
document.addEventListener("htmx:oobAfterSwap", hideInTime);
hideInTime();

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
