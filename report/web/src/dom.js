// SPDX-License-Identifier: GPL-2.0
// Elements of the page. Texts go in as text nodes only: names of programs and files may hold anything.

/** element("p", {class: "note"}, "text", child): attributes that are functions are event handlers. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") {
      made.addEventListener(key, value);
    } else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(key, value === true ? "" : value);
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function save(name, type, text) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

/** columns: {name, number, show(value)}; rows: arrays of raw values. */
export function table(caption, columns, rows) {
  const head = element("tr", {}, ...columns.map((column) => element("th", { scope: "col", class: column.number ? "number" : null }, column.name)));
  return element("table", {}, element("caption", {}, caption), element("thead", {}, head), element("tbody", {}, ...rows.map((row) => tableRow(columns, row))));
}

export function tableRow(columns, row) {
  return element("tr", {}, ...columns.map((column, i) => element("td", { class: column.number ? "number" : column.class }, column.show ? column.show(row[i]) : String(row[i] ?? ""))));
}

export function scrollable(label, content) {
  return element("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" }, content);
}

let ids = 0;
export function selection(label, choices, change) {
  const id = `choice-${++ids}`;
  const select = element("select", { id, change: () => change(Number(select.value)) }, ...choices.map((choice, i) => element("option", { value: String(i) }, choice)));
  return element("span", { class: "controls" }, element("label", { for: id }, label), select);
}

export function checkbox(label, change) {
  const id = `choice-${++ids}`;
  const box = element("input", { type: "checkbox", id, change: () => change(box.checked) });
  return element("span", {}, box, " ", element("label", { for: id }, label));
}
