// Dragging over the picture chooses the time of an override: the form below is filled in, and shown.
// Without this file the same is typed.

"use strict";

const HOUR_MILLISECONDS = 3600000;

// The form is in the zone of its reader, also where the picture is in that of its schedule.
const READERS = new Intl.DateTimeFormat("sv-SE", { timeZone: document.body.dataset.zone, dateStyle: "short", timeStyle: "short" });

function typed(instant) {
  return READERS.format(instant).replace(" ", "T");
}

// Whole hours of the day that was dragged over; one on which the clocks change has 23 or 25.
function momentAt(svg, event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  for (const day of svg.querySelectorAll("[data-from]")) {
    const box = day.getBBox();
    if (at.x < box.x || at.x >= box.x + box.width || at.y < box.y || at.y >= box.y + box.height) continue;
    const from = Date.parse(day.dataset.from), until = Date.parse(day.dataset.until);
    const instant = from + Math.floor((at.x - box.x) / box.width * (until - from) / HOUR_MILLISECONDS) * HOUR_MILLISECONDS;
    return { x: at.x, y: box.y, height: box.height, instant };
  }
  return null;
}

let from = null;
let mark = null;

function unmark() {
  if (mark) mark.remove();
  mark = null;
}

document.addEventListener("pointerdown", (event) => {
  const svg = event.target.closest && event.target.closest("svg.calendar");
  // A finger scrolls; it types the time instead.
  if (!svg || event.pointerType === "touch" || event.button !== 0 || !document.getElementById("change")) return;
  from = { svg, at: momentAt(svg, event) };
});

document.addEventListener("pointermove", (event) => {
  if (!from || !from.at) return;
  const to = momentAt(from.svg, event);
  if (!to || to.y !== from.at.y) return;
  if (!mark) {
    mark = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    mark.setAttribute("class", "chosen");
    from.svg.append(mark);
  }
  mark.setAttribute("x", Math.min(from.at.x, to.x));
  mark.setAttribute("y", from.at.y);
  mark.setAttribute("width", Math.abs(to.x - from.at.x));
  mark.setAttribute("height", from.at.height);
});

document.addEventListener("pointerup", (event) => {
  const begun = from;
  from = null;
  unmark();
  if (!begun || !begun.at) return;
  const to = momentAt(begun.svg, event);
  if (!to || to.instant === begun.at.instant) return;
  const [start, end] = begun.at.instant < to.instant ? [begun.at, to] : [to, begun.at];
  const form = document.querySelector("#change form");
  form.elements.schedule.value = begun.svg.dataset.schedule;
  form.elements.start.value = typed(start.instant);
  form.elements.end.value = typed(end.instant);
  form.scrollIntoView({ block: "center" });
  form.elements.person.focus();
});
