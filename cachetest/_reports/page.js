"use strict";
// All texts go in by textContent, so that none of them is ever taken for a part of the page.
const KINDS = ["put", "hit", "miss", "delete", "eviction", "expiration", "bypass", "refusal", "failure"];
const SHOWN = 500;
const table = document.querySelector("#tests");
const search = document.querySelector("#search");
const parsed = new Map();

function make(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}

function dataOf(body) {
  if (!parsed.has(body)) parsed.set(body, JSON.parse(document.getElementById("d" + body.id.slice(1)).textContent));
  return parsed.get(body);
}

function seconds(value) {
  if (!value) return "";
  return value >= 1 ? value.toFixed(1) + " s" : (value * 1000).toPrecision(3) + " ms";
}

function wanted(part, row, words) {
  return words !== "" && part.keys[row[2]][1].toLowerCase().includes(words);
}

function tell(part, row, button) {
  const next = button.nextElementSibling;
  if (next && next.classList.contains("told")) {
    next.remove();
    button.setAttribute("aria-expanded", "false");
    return;
  }
  button.setAttribute("aria-expanded", "true");
  const told = make("div", "told");
  told.setAttribute("role", "region");
  told.setAttribute("aria-label", "operation " + row[0]);
  const key = part.keys[row[2]];
  const head = make("div", "", "operation " + row[0] + ", cache " + part.caches[key[0]] + (key[2] ? ", in " + key[2] : "") + ", key ");
  head.append(make("code", "", key[1]));
  told.append(head, make("div", "faint", "at " + part.places[row[4]]));
  for (const line of row[7] || []) told.append(make("div", "", line));
  if (row[6]) told.append(make("div", "", seconds(row[6]) + " until its key was put"));
  const why = part.why[row[0]];
  if (why) told.append(make("pre", "", why));
  else if (KINDS[row[1]] === "miss") told.append(make("div", "faint", "Of very many misses, this one was not explained."));
  told.style.gridRow = button.style.gridRow.split("/")[0].trim() * 1 + 1;
  button.after(told);
}

function fill(part, box, words) {
  if (part.label) box.append(make("h3", "", part.label));
  if (part.left) box.append(make("p", "faint", part.left));
  if (part.ops.length) {
    const lanes = make("div", "lanes");
    lanes.style.gridTemplateColumns = "repeat(" + part.lanes.length + ", minmax(15rem, 1fr))";
    part.lanes.forEach((lane, n) => {
      const head = make("div", "lane", lane);
      head.style.gridColumn = n + 1;
      head.style.gridRow = 1;
      lanes.append(head);
    });
    let shown = 0;
    const more = make("button", "next");
    const add = () => {
      const end = Math.min(part.ops.length, shown + SHOWN);
      for (; shown < end; shown++) {
        const row = part.ops[shown], key = part.keys[row[2]];
        const button = make("button", "op " + KINDS[row[1]] + (wanted(part, row, words) ? " found" : ""));
        button.append(make("b", "", KINDS[row[1]]), make("code", "", key[1]));
        button.append(make("i", "", "  " + part.caches[key[0]] + (row[6] ? ", " + seconds(row[6]) : "")));
        button.setAttribute("aria-expanded", "false");
        button.style.gridColumn = row[3] + 1;
        // Between two rows one is left for what is told of the first.
        button.style.gridRow = 2 * shown + 2;
        button.addEventListener("click", () => tell(part, row, button));
        lanes.append(button);
      }
      more.hidden = shown === part.ops.length;
      more.textContent = "show more (" + shown + " of " + part.ops.length + " operations are shown)";
    };
    more.addEventListener("click", add);
    add();
    box.append(lanes, more);
  }
  for (const block of part.blocks) fill(block, box, words);
}

function setOpen(body, open) {
  const button = body.querySelector(".open");
  const old = body.querySelector(".more");
  if (old) old.remove();
  button.setAttribute("aria-expanded", String(open));
  if (!open) return;
  const row = make("tr", "more"), cell = make("td");
  cell.colSpan = table.tHead.rows[0].cells.length;
  fill(dataOf(body), cell, search.value.trim().toLowerCase());
  row.append(cell);
  body.append(row);
}

function matches(part, words) {
  return part.keys.some((key) => key[1].toLowerCase().includes(words)) || part.blocks.some((block) => matches(block, words));
}

function find() {
  const words = search.value.trim().toLowerCase();
  let count = 0;
  for (const body of table.tBodies) {
    const label = body.querySelector(".open").textContent.toLowerCase();
    body.hidden = words !== "" && !label.includes(words) && !matches(dataOf(body), words);
    if (!body.hidden) count++;
    if (!body.hidden && body.querySelector(".more")) setOpen(body, true);
  }
  document.querySelector("#count").textContent = words === "" ? "" : count + " of " + table.tBodies.length + " tests";
}

function sort(head) {
  const place = head.cellIndex;
  const down = head.getAttribute("aria-sort") !== "descending";
  for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = (body) => body.rows[0].cells[place].dataset.value;
  const order = (one, other) => {
    const a = value(one), b = value(other);
    return place < 2 ? (a < b ? 1 : a > b ? -1 : 0) : b - a;
  };
  table.append(...[...table.tBodies].sort((one, other) => (down ? order(one, other) : order(other, one))));
}

for (const head of table.tHead.rows[0].cells) head.firstElementChild.addEventListener("click", () => sort(head));
table.addEventListener("click", (event) => {
  const button = event.target.closest(".open");
  if (button) setOpen(button.closest("tbody"), button.getAttribute("aria-expanded") !== "true");
});

let waiting = 0;
search.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(find, 120); });

document.addEventListener("keydown", (event) => {
  const at = document.activeElement;
  if (event.key === "/" && at !== search) {
    event.preventDefault();
    search.focus();
  } else if (event.key === "Escape" && at === search) {
    search.value = "";
    find();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && at.matches(".op, .open")) {
    const all = [...table.querySelectorAll(".op, .open")].filter((each) => each.offsetParent !== null);
    const next = all[all.indexOf(at) + (event.key === "ArrowDown" ? 1 : -1)];
    if (next) { event.preventDefault(); next.focus(); }
  } else if (event.key === "Escape" && at.matches(".op[aria-expanded=true]")) {
    at.click();
  }
});
document.querySelector("#tools").hidden = false;
