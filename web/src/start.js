// Finds the places for live panels in a page, and fills each when it comes into view.
import {fromBase64, make} from "./dom.js";
import {explorer} from "./explorer.js";
import {oneStepPanel} from "./one_step.js";
import {picker} from "./picker.js";
import {twins} from "./twins.js";

const PANELS = {"pig-explorer": explorer, "target-picker": picker, "one-step": oneStepPanel, "twins": twins};
const coming = {};

/** The base64 of a data file that lies beside this script: a page opened from a file may not fetch. */
function data(here, name) {
  coming[name] ??= new Promise((found, lost) => {
    const file = `${name.replaceAll(" ", "-")}.js`, script = make("script", {src: new URL(file, here).href});
    script.onload = () => found(window.tutlibLive[name]);
    script.onerror = () => lost(new Error(`${file} is missing beside this page`));
    document.head.append(script);
  });
  return coming[name];
}

/** `parts`: {configs, style, worker, kernels (base64)}, put together by tools/live.py. */
export function start({configs, style, worker, kernels}) {
  const here = document.currentScript.src, plain = new URLSearchParams(location.search).has("plain");
  const kit = {style, worker, kernels: fromBase64(kernels), plain, data: name => data(here, name)};
  const open = async host => {
    try {
      await PANELS[host.dataset.tutlibLive](host, configs[host.dataset.tutlibLive], kit);
    } catch (error) {  // the pictures that stood here before the script came back
      host.shadowRoot?.replaceChildren(make("slot"), make("p", {role: "alert"}, `This panel is not live here: ${error.message}.`));
    }
  };
  const watch = new IntersectionObserver(seen => {
    for (const {isIntersecting, target} of seen) if (isIntersecting) { watch.unobserve(target); open(target); }
  }, {rootMargin: "400px"});
  const places = () => document.querySelectorAll("[data-tutlib-live]:not([data-ready])").forEach(host => {
    host.dataset.ready = "";
    watch.observe(host);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", places);
  else places();
}
