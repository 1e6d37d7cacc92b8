"""What is wrong with a page as it stands in a browser: axe's findings, broken words and edges."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()

WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")

# Words of people stay whole; keys, addresses and code may break, for they have no words.
BROKEN_WORDS = """() => {
  const machine = 'code, pre, .mono, .secret, .label, .method__target, textarea, select';
  const unseen = 'svg, script, .visually-hidden';
  const broken = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (walker.nextNode()) {
    const node = walker.currentNode;
    const parent = node.parentElement;
    if (parent.closest(`${machine}, ${unseen}`) || !parent.checkVisibility()) continue;
    for (const word of node.data.matchAll(/[\\p{L}]{2,24}/gu)) {
      // A part of an address, which has no words of its own.
      const before = node.data.slice(0, word.index);
      const after = node.data.slice(word.index + word[0].length);
      if (/[./@_]\\p{L}*$/u.test(before) || /^[./@_]\\p{L}/u.test(after)) continue;
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      const boxes = [...range.getClientRects()].filter((box) => box.width > 0);
      if (new Set(boxes.map((box) => Math.round(box.top))).size > 1) broken.push(word[0]);
    }
  }
  return broken;
}"""

WIDER = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  // What scrolls by itself may hold more than is seen.
  const scrolls = (one) => one && one !== document.body &&
    (getComputedStyle(one).overflowX !== 'visible' || scrolls(one.parentElement));
  const over = (one) => one.getBoundingClientRect().right > wide + 1 && !scrolls(one.parentElement);
  return [...document.querySelectorAll('body *:not(.visually-hidden)')].filter(over)
    .slice(0, 5).map((one) => `${one.tagName}.${one.className}`);
}"""


def violations(page: Page) -> list[str]:
    """What axe-core finds, a line each."""
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(
        "tags => axe.run(document, { runOnly: { type: 'tag', values: tags } })", list(WCAG)
    )
    return [
        f"{each['id']}: {node['html'][:140]} ({node['any'][0]['message'] if node['any'] else ''})"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def broken_words(page: Page) -> list[str]:
    """Words that a line ends inside of."""
    broken: list[str] = page.evaluate(BROKEN_WORDS)
    return broken


def too_wide(page: Page) -> list[str]:
    """What stands over the right edge, where the page has to be scrolled sideways."""
    wide: list[str] = page.evaluate(WIDER)
    return wide
