// What the three panels with a net in them have in common: the worker, the picture, the photo, the job.
import {fromBase64} from "./dom.js";
import {readPhoto} from "./photo.js";
import {shell} from "./shell.js";

/**
 * A panel that asks the worker.
 *
 * `kit`: {style, worker (source), kernels (bytes), data (name -> promise of base64), plain}.
 * `view`: {names of nets, figure, job(values, labels) -> {eps, size, steps, goal, slopes},
 * show(answer, {picture, values, labels}) -> [words for the end, a short form for tests],
 * offer(controls, first)}: the last is told what the net says first, changes the drop-downs, and says
 * whether what was chosen is gone.
 */
export async function netPanel(host, config, kit, view) {
  const panel = shell(host, config, kit.style, {
    figure: view.figure, moved, stop: () => worker.postMessage({stop: job}), photo: {take, back},
  });
  const worker = new Worker(URL.createObjectURL(new Blob([kit.worker], {type: "text/javascript"})));
  let ready = false, job = 0, waiting = false, latest = null, own = null, picture = null, received = null;

  function moved(name) {
    if (name === "picture" && own) { own = null; panel.forget(); }
    ask();
  }

  function ask() {
    host.dataset.done = "";
    if (waiting || !ready) return;
    waiting = true;  // many moves of a slider, one question
    requestAnimationFrame(async () => {
      try {
        const wanted = own ?? await shipped(panel.values.picture);
        worker.postMessage({job: ++job, names: view.names, picture: wanted, ...view.job(panel.values, config.labels)});
        picture = wanted;
      } catch (error) {
        panel.fail(`Something went wrong: ${error.message}.`);
      }
      waiting = false;
    });
  }

  async function shipped(name) {
    return fromBase64(await kit.data(name ?? config.picture));
  }

  async function take(file) {
    const photo = await readPhoto(file);
    host.dataset.done = "";
    worker.postMessage({job: ++job, photo}, [photo.rgba.buffer]);
    await new Promise(go => { received = go; });
    if (panel.question) panel.ask(panel.question);
    ask();
  }

  function back() {
    own = null;
    if (panel.question) panel.ask(config.words.question);
    ask();
  }

  function show(answer) {
    const {t, steps, over, stopped} = answer;
    if (view.offer?.(panel.controls, answer.found[0].first)) return ask();  // the goal was what it says
    const [words, short] = view.show(answer, {picture, values: panel.values, labels: config.labels});
    if (!over) return panel.progress(t / steps, `step ${t} of ${steps}`);
    const note = stopped ? `Stopped after step ${t} of ${steps}: this is the last result so far. ` : "";
    panel.says(note + words, stopped ? t / steps : 1);
    host.dataset.done = stopped ? `stopped: ${short}` : short;
  }

  function hear({data}) {
    if (data.loaded) host.dataset.engine = data.engine;
    else if (data.picture) { own = data.picture; received(); }
    else if ((data.job ?? job) !== job) return;
    else if (data.error) panel.fail(`Something went wrong: ${data.error}.`);
    else {
      if (!latest) requestAnimationFrame(() => { const now = latest; latest = null; if (now.job === job) show(now); });
      latest = data;
    }
  }

  worker.onmessage = hear;
  worker.onerror = event => panel.fail(`The net could not be started (${event.message}).`);
  panel.progress(0, "The net is on its way \u2026", true);
  const weights = await Promise.all(view.names.map(name => kit.data(name)));
  view.names.forEach((name, k) => {
    const {buffer} = fromBase64(weights[k]);
    worker.postMessage({name, weights: buffer, contrast: name === "standard", kernels: kit.kernels, plain: kit.plain}, [buffer]);
  });
  ready = true;
  ask();
}
