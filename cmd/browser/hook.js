// Runs in the site's page before its own scripts: notes what the trainer says and when, as the page hears it. It changes
// nothing, but for settings that the page has no control for, which it puts into the request to start.
(() => {
  const heard = { ready: 0, clicked: 0, planned: null, step: null, epochs: [], notices: [], error: null, done: 0, idle: null };
  let override = null;

  const note = ({ type, planned, step, epoch, message }) => {
    if (planned) heard.planned = planned;
    if (step) heard.step = step;
    if (epoch) heard.epochs.push({ ...epoch, confusion: undefined, predictions: undefined, at: performance.now() });
    if (type === "notice") heard.notices.push(message);
    if (type === "error") heard.error ??= message;
    if (type === "done" && heard.clicked) heard.done ||= performance.now(); // other workers are done before
  };

  const Native = Worker;
  globalThis.Worker = class extends Native {
    constructor(...args) {
      super(...args);
      this.addEventListener("message", ({ data }) => note(data));
    }
    postMessage(message, ...rest) {
      if (message.type === "start") {
        heard.clicked = performance.now();
        if (override) message = { ...message, config: { ...message.config, ...override } };
      }
      super.postMessage(message, ...rest);
    }
  };

  addEventListener("DOMContentLoaded", () => {
    const train = document.getElementById("train");
    const usable = () => train && !train.disabled && (heard.ready ||= performance.now());
    new MutationObserver(usable).observe(document.body, { subtree: true, attributes: true, attributeFilter: ["disabled"] });
  });

  globalThis.benchHook = {
    heard: () => heard,
    override: (config) => void (override = config),
  };
})();
