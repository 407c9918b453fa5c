// Who is told what happens, besides the Luup engine: the MQTT broker, and webhooks.

import { count, duration, plain } from "./format.js";
import { hrefOf } from "./routes.js";

/** @typedef {import("../src/core/mqtt/mqtt-status.js").MqttStatus} MqttStatus */
/** @typedef {import("../src/core/webhook/webhook-status.js").WebhookStatus} WebhookStatus */
/** @typedef {import("./things.js").Thing} Thing */

/** What a broker does not take, in words. */
const LACKS = { qos: "no QoS 1", retain: "nothing retained" };

/** @param {MqttStatus} mqtt @returns {Thing} */
export function brokerOf({ broker, prefix, connected, sinceMs, why, lacks, ...numbers }) {
  const { published, received, waiting, dropped, droppedNow } = numbers;
  const notes = [
    ...(connected ? [] : [plain(why, 160)]),
    ...(droppedNow > 0 ? [`${count(droppedNow)} dropped in this outage`] : []),
    ...(lacks.length > 0 ? [`It takes ${lacks.map((what) => LACKS[what]).join(" and ")}`] : []),
  ].filter((note) => note !== "");
  return {
    kind: "broker",
    key: `broker ${broker}`,
    name: plain(broker, 80),
    detail: `${plain(prefix, 80)}/…${connected ? ` · for ${duration(sinceMs)}` : ""}`,
    state: brokerState(connected, droppedNow),
    figures: [
      ["Published", count(published)],
      ["Received", count(received)],
      ["Waiting", count(waiting)],
      ["Dropped", count(dropped)],
    ],
    href: hrefOf("search", "mqtt"),
    line: broker,
    ...(notes.length > 0 && { note: notes.join(". ") }),
  };
}

/** @param {boolean} connected @param {number} dropped since it went @returns {Thing["state"]} */
function brokerState(connected, dropped) {
  if (!connected) return { level: "warning", text: "not reached" };
  return dropped > 0 ? { level: "warning", text: "too slow" } : { level: "good", text: "connected" };
}

/** @param {WebhookStatus} webhook @returns {Thing} */
export function webhookOf({ name, origin, waiting, inFlight, sent, retried, failed, failingMs, why }) {
  return {
    kind: "webhook",
    key: `webhook ${name}`,
    name: plain(name, 80),
    detail: plain(origin, 120),
    state: webhookState(sent, failingMs),
    figures: [
      ["Sent", count(sent)],
      ["Repeated", count(retried)],
      ["Failed", count(failed)],
      ["Waiting", count(waiting + inFlight)],
    ],
    href: hrefOf("search", `webhook ${name}`),
    line: name,
    ...(failingMs !== undefined && { note: `Last answer: ${plain(why, 160) || "none"}` }),
  };
}

/** @param {number} sent @param {number | undefined} failingMs @returns {Thing["state"]} */
function webhookState(sent, failingMs) {
  if (failingMs !== undefined) return { level: "warning", text: "not taken" };
  return sent === 0 ? { level: "idle", text: "nothing yet" } : { level: "good", text: "taken" };
}
