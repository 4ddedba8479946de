// All that runs in the sandboxed frame: it starts a worker on the text that the page sends, hands on the ports that came along, and
// tells the page of errors. The worker has this frame's origin, which is nobody's, and this frame's policy, which is to load nothing.
addEventListener("message", ({ source, data: script, ports: [report, ...ports] }) => {
  if (source !== parent || !report) return;
  const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
  const worker = new Worker(url);
  worker.onerror = (error) => {
    error.preventDefault();
    report.postMessage({ failed: error.message, line: error.lineno });
  };
  worker.onmessage = ({ data }) => report.postMessage(data);
  if (ports.length > 0) worker.postMessage(0, ports);
  report.onmessage = () => worker.terminate();
});
parent.postMessage(0, "*");
