// The page of one incident: what can be undone for ten seconds says so for ten seconds, and the
// menu of the rarer actions closes when something else is pressed.

"use strict";

function hideWhatIsOver() {
  for (const form of document.querySelectorAll("[data-until]")) form.hidden = new Date(form.dataset.until) < new Date();
}

document.addEventListener("htmx:afterSwap", hideWhatIsOver);
document.addEventListener("htmx:oobAfterSwap", hideWhatIsOver);
setInterval(hideWhatIsOver, 1000);
hideWhatIsOver();

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.more[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
