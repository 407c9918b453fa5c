import { checkTelegram, parseTelegram, type Telegram } from "../../decode/conbus.js";
import { conbusFraming } from "../../framing/conbus-framing.js";
import { escapeBytes, escapeText } from "../escape.js";
import { messageParsersOf } from "../message-parser.js";
import { plainRendering } from "../plain-rendering.js";
import type { Decoded, Message, Rendering, View } from "../view.js";

function render(message: Message): Rendering {
  if (message.junk !== undefined) return plainRendering(message);
  const fault = checkTelegram(message.bytes);
  const text = escapeBytes(message.bytes);
  return fault === undefined ? { text } : { text, fault };
}

function decode(message: Message): Decoded | undefined {
  const telegram = message.junk === undefined ? parseTelegram(message.bytes) : undefined;
  if (telegram === undefined) return undefined;
  const checksumRight = checkTelegram(message.bytes) === undefined;
  return { text: wordsOf(telegram), parts: { ...telegram, checksumRight } };
}

/** All parts but the checksum: render() shows where that is wrong. */
function wordsOf(telegram: Telegram): string {
  const { type, serialNumber, datapoint, moduleType, link, input, action, data } = telegram;
  const name = telegram.functionName === undefined ? "" : ` (${telegram.functionName})`;
  const words = [
    type,
    serialNumber && `serial number ${serialNumber}`,
    telegram.function && `function ${telegram.function}${name}`,
    datapoint && `datapoint ${datapoint}`,
    moduleType && `module type ${moduleType}`,
    link && `link ${link}`,
    input && `input ${input}`,
    action,
    data && `data ${escapeText(data, data.length)}`,
  ];
  return words.filter((word) => word !== undefined).join(", ");
}

/** Telegrams of a Conbus server, exactly as they came (docs/monitor.md). */
export const conbusView: View = {
  name: "conbus",
  minMessageBytes: 8,
  createParsers: () => messageParsersOf(conbusFraming),
  hasChecksums: true,
  render,
  decode,
};
