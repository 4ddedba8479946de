// Runs before any other script, in every page and every worker, and takes away what leads past the content security
// policy. pagetest/past_test.go tries each way; RATIONALE.md says what is left.
const realm: any = globalThis;

// What reaches the network by itself and asks no policy; what the page's count of requests would not see (asked.ts);
// window.open makes a window that has it all again.
const outward = [
  "RTCPeerConnection", "webkitRTCPeerConnection", "mozRTCPeerConnection", "RTCIceTransport", "RTCQuicTransport", "WebTransport",
  "PaymentRequest", "PresentationRequest", "SpeechSynthesisUtterance", "SpeechRecognition", "webkitSpeechRecognition",
  "WebSocket", "WebSocketStream", "EventSource", "fetchLater",
  "open",
];

for (const name of outward) remove(realm, name);

// The one frame that is let be, on the two pages where mechanisms are written (mechanism/room.ts): sandboxed, of nobody's origin, always of
// this text, whose policy is to load nothing. Whoever changes an attribute of it has lost it.
declare const ROOM: string;
const hasRoom = realm.document && /\/(learn-)?mechanism(\.html)?$/.test(location.pathname); // as it was when the page came
const isRoom = (frame: Element) =>
  hasRoom && frame.getAttributeNames().sort().join() === "hidden,sandbox,srcdoc" && frame.getAttribute("sandbox") === "allow-scripts" && frame.getAttribute("srcdoc") === ROOM;

function guardPage() {
  // A frame would have its own RTCPeerConnection. It goes as soon as the script that made it pauses, which is before its
  // connections are used; where the observer does not look, or HTML makes what it cannot see, nothing can be put.
  remove(Element.prototype, "attachShadow", "setHTMLUnsafe");
  remove(ShadowRoot.prototype, "setHTMLUnsafe");
  remove(Document, "parseHTMLUnsafe");
  remove(Document.prototype, "open", "write", "writeln");
  const frames = "iframe, frame, object, embed, fencedframe, portal";
  const sweep = () => {
    for (const frame of document.querySelectorAll(frames)) {
      if (!isRoom(frame)) frame.remove();
    }
  };
  new MutationObserver(sweep).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ["sandbox", "srcdoc", "src"] });

  // Only a person leaves for another site, by a link; a script does not.
  realm.navigation?.addEventListener("navigate", (event: any) => {
    const foreign = new URL(event.destination.url).origin !== location.origin;
    if (foreign && !event.userInitiated) event.preventDefault();
  });
}

if (realm.document) guardPage();

function remove(from: any, ...names: string[]) {
  for (const name of names) {
    for (let holder = from; holder; holder = Object.getPrototypeOf(holder)) Reflect.deleteProperty(holder, name);
  }
}
