// The tunnels: the devices that lines of [tunnel] expect, and the servers whose device this machine is.

import { duration, fill, labelOf, number } from "./elements.js";

/** @typedef {import("../src/core/status/daemon-status.js").DaemonStatus} DaemonStatus */
/** @typedef {import("../src/core/tunnel/tunnel-status.js").TunnelStatus} TunnelStatus */
/** @typedef {import("../src/core/tunnel/tunnel-status.js").SlotStatus} SlotStatus */
/** @typedef {import("../src/core/tunnel/tunnel-status.js").DeviceStatus} DeviceStatus */
/** @typedef {import("./elements.js").Cell} Cell */

/** @param {Pick<DaemonStatus, "tunnels" | "devices">} status */
export function showTunnels({ tunnels, devices }) {
  fill(
    "tunnels",
    tunnels.flatMap((line) => (line.devices ?? [line]).map((slot) => [labelOf(line), ...slotCells(slot)])),
  );
  fill("links", devices.map(deviceCells));
}

/**
 * @param {SlotStatus} slot
 * @returns {Cell[]}
 */
function slotCells(slot) {
  const { device, exposed, link, listening } = slot;
  const name = device === undefined ? [] : [device];
  const address = link === undefined ? [] : [link.address];
  return [
    [...name, ...address].join(" · ") || "–",
    exposed.map((each) => each.replace(">", " > ")).join(", "),
    link === undefined ? { text: "no device", kind: "wrong" } : linkState(link, listening),
    ...counts(slot),
  ];
}

/**
 * @param {DeviceStatus} device
 * @returns {Cell[]}
 */
function deviceCells(device) {
  const { name, server, services, link, problem } = device;
  return [
    name === undefined ? server : `${name} · ${server}`,
    services || "nothing",
    link === undefined ? { text: problem ?? "not connected", kind: "wrong" } : linkState(link, true),
    ...counts(device),
  ];
}

/**
 * @param {NonNullable<SlotStatus["link"]>} link
 * @param {boolean} listening
 * @returns {Cell}
 */
function linkState({ resuming }, listening) {
  if (resuming) return { text: "waits to resume", kind: "wrong" };
  return listening ? "linked" : { text: "not ready", kind: "wrong" };
}

/**
 * @param {SlotStatus | DeviceStatus} side
 * @returns {Cell[]}
 */
function counts({ link, clients, received, sent, resumed }) {
  return [
    { text: link === undefined ? "–" : duration(link.ageMs), kind: "number" },
    number(link?.clients ?? 0),
    number(clients),
    number(received),
    number(sent),
    number(resumed),
  ];
}
