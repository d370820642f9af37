// What scrolls sideways can be reached with the keys, and says what it is.
function reachable() {
  const wide = "pre, .pst-scrollable-table-container, div.math, mjx-container, .output, .cell_output div";
  for (const box of document.querySelectorAll(".bd-article :is(" + wide + ")")) {
    const scrolls = box.scrollWidth > box.clientWidth + 1 && getComputedStyle(box).overflowX !== "visible";
    if (scrolls && !box.hasAttribute("tabindex")) box.setAttribute("tabindex", "0");
  }
}
window.addEventListener("load", () => {
  reachable();
  if (window.MathJax && MathJax.startup && MathJax.startup.promise) MathJax.startup.promise.then(reachable);
});
window.addEventListener("resize", reachable);
// The arrows that unfold the contents at the side say what they unfold.
for (const arrow of document.querySelectorAll("summary")) {
  if (arrow.textContent.trim() || arrow.hasAttribute("aria-label")) continue;
  const link = arrow.closest("li") && arrow.closest("li").querySelector("a");
  arrow.setAttribute("aria-label", "More under " + (link ? link.textContent.trim() : "this"));
}
