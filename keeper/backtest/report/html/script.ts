/**
 * Hover read-outs, and folded tables opened for the printer. The page says everything without it. It is text that the browser runs, and not a
 * function of ours written out: what Node makes of a function's source is nobody's promise.
 */
export const SCRIPT = `
"use strict";
for (const drawing of document.querySelectorAll("svg[data-hover]")) {
  const hover = JSON.parse(drawing.dataset.hover);
  const readout = drawing.closest("figure").querySelector(".readout");
  const cursor = document.createElementNS("http://www.w3.org/2000/svg", "line");
  cursor.setAttribute("class", "cursor");
  cursor.setAttribute("y1", hover.top);
  cursor.setAttribute("y2", hover.bottom);
  cursor.setAttribute("visibility", "hidden");
  drawing.append(cursor);
  drawing.addEventListener("pointermove", (event) => {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    const last = hover.labels.length - 1;
    const part = (place.x - hover.left) / (hover.right - hover.left);
    const at = Math.min(last, Math.max(0, Math.round(part * last)));
    const x = hover.left + (at / last) * (hover.right - hover.left);
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.setAttribute("visibility", "visible");
    readout.textContent = hover.labels[at] + ":  " + hover.series.map((one) => one.name + " " + one.values[at]).join("  ·  ");
  });
  drawing.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    readout.textContent = "\\u00a0";
  });
}
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
`;
