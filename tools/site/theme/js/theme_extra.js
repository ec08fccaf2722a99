// SPDX-License-Identifier: GPL-2.0
// Wide tables scroll inside of themselves, so that the page fits a phone.
document.querySelectorAll("table").forEach((table) => {
  const frame = document.createElement("div");
  frame.className = "wy-table-responsive";
  table.classList.add("docutils");
  table.replaceWith(frame);
  frame.append(table);
});
