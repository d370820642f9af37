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
