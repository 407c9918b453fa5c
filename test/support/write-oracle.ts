// What a write policy must allow, said in another way than the program says it: register by register, from the bytes of the request.
import { BlockList } from "node:net";

/** A rule as text in its parts; a part that is left out allows everything of its kind. */
export interface OracleRule {
  readonly unit?: [number, number];
  readonly coil?: [number, number];
  readonly holding?: [number, number];
  readonly function?: [number, number];
  readonly from?: string;
  readonly values?: [number, number];
}

/** The text of a rule in the configuration. */
export function ruleText(rule: OracleRule): string {
  return Object.entries(rule)
    .map(([part, value]) => `${part} ${Array.isArray(value) ? `${value[0]}-${value[1]}` : value}`)
    .join(" ");
}

/** One value that a request writes, as the device sees it; with every value that a masked register may end up with. */
interface Cell {
  readonly kind: "coil" | "holding";
  readonly address: number;
  readonly values: readonly number[];
}

/** The cells that a request writes; "other" where nobody knows; "wrong" where it contradicts itself. */
function cellsOf(pdu: Buffer): Cell[] | "other" | "wrong" {
  const word = (at: number): number => ((pdu[at] ?? 0) << 8) | (pdu[at + 1] ?? 0);
  const inside = (cells: Cell[]): Cell[] | "wrong" =>
    cells.every(({ address }) => address <= 0xffff) ? cells : "wrong";
  const several = (kind: Cell["kind"], at: number, most: number): Cell[] | "wrong" => {
    const [first, count, bytes] = [word(at), word(at + 2), pdu[at + 4]];
    const wanted = kind === "coil" ? Math.floor((count + 7) / 8) : count * 2;
    if (pdu.length !== at + 5 + wanted || bytes !== wanted || count === 0 || count > most) return "wrong";
    const cells: Cell[] = [];
    for (let index = 0; index < count; index += 1) {
      const bit = ((pdu[at + 5 + Math.floor(index / 8)] ?? 0) & (1 << (index % 8))) === 0 ? 0 : 1;
      cells.push({ kind, address: first + index, values: [kind === "coil" ? bit : word(at + 5 + index * 2)] });
    }
    return inside(cells);
  };
  switch (pdu[0]) {
    case 5:
      if (pdu.length !== 5 || ![0x0000, 0xff00].includes(word(3))) return "wrong";
      return [{ kind: "coil", address: word(1), values: [word(3) === 0 ? 0 : 1] }];
    case 6:
      return pdu.length === 5 ? [{ kind: "holding", address: word(1), values: [word(3)] }] : "wrong";
    case 15:
      return several("coil", 1, 1968);
    case 16:
      return several("holding", 1, 123);
    case 22: {
      if (pdu.length !== 7) return "wrong";
      const results = new Set<number>();
      for (const old of [0, 0xffff, 0x5555, 0xaaaa]) results.add((old & word(3)) | (word(5) & ~word(3) & 0xffff));
      return [{ kind: "holding", address: word(1), values: [...results] }];
    }
    case 23:
      return several("holding", 5, 121);
    default:
      return "other";
  }
}

const checked = new Map<string, boolean>();

function isIn(network: string, host: string): boolean {
  const key = `${network} ${host}`;
  let found = checked.get(key);
  if (found === undefined) {
    const [address = "", prefix = "32"] = network.split("/");
    const list = new BlockList();
    list.addSubnet(address, Number(prefix), "ipv4");
    found = list.check(host, "ipv4");
    checked.set(key, found);
  }
  return found;
}

/** Whether a write may reach the device. */
export function mayWrite(unit: number, pdu: Buffer, from: string, rules: readonly OracleRule[]): boolean {
  const within = (range: [number, number] | undefined, value: number): boolean =>
    range === undefined || (range[0] <= value && value <= range[1]);
  const code = pdu[0] ?? 0;
  const mine = rules.filter((rule) => {
    if (rule.from === undefined) return true;
    return isIn(rule.from, from);
  });
  const concerned = mine.filter((rule) => within(rule.unit, unit) && within(rule.function, code));
  const cells = cellsOf(pdu);
  if (cells === "wrong") return false;
  if (cells === "other") {
    return concerned.some((rule) => rule.function && !rule.coil && !rule.holding && !rule.values);
  }
  return cells.every(({ kind, address, values }) =>
    concerned.some((rule) => {
      const other = kind === "coil" ? rule.holding : rule.coil;
      return other === undefined && within(rule[kind], address) && values.every((value) => within(rule.values, value));
    }),
  );
}

/** Random numbers, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const CODES = [5, 6, 15, 16, 22, 23, 65, 21, 8, 0x90] as const;

/** A random write, near the addresses and values that rules speak of; some of them contradict themselves. */
export function randomWrite(random: (below: number) => number): Buffer {
  const code = CODES[random(CODES.length)] ?? 6;
  const address = random(20) === 0 ? 65_530 + random(6) : random(16);
  const value = random(4) === 0 ? random(0x10000) : random(12);
  const words = (...list: number[]): number[] => list.flatMap((word) => [word >> 8, word & 0xff]);
  const count = 1 + random(6);
  const registers = words(...Array.from({ length: count }, () => random(12)));
  const bytes = (): number[] => {
    switch (code) {
      case 5:
        return [5, ...words(address, [0xff00, 0, 0xff00, 1][random(4)] ?? 0)];
      case 6:
        return [6, ...words(address, value)];
      case 15:
        return [15, ...words(address, count), 1, random(256)];
      case 16:
        return [16, ...words(address, count), 2 * count, ...registers];
      case 22:
        return [22, ...words(address, random(2) === 0 ? 0 : random(16), value)];
      case 23:
        return [23, ...words(random(16), 1 + random(5), address, count), 2 * count, ...registers];
      default:
        return [code, ...words(address, value)];
    }
  };
  const pdu = bytes();
  const damage = random(12);
  if (damage === 0) pdu.push(random(256));
  if (damage === 1) pdu.pop();
  if (damage === 2 && pdu.length > 6) pdu[5] = (pdu[5] ?? 0) ^ (1 + random(3)); // often the byte count
  return Buffer.from(pdu);
}

/** Some random rules that matter to {@link randomWrite}. */
export function randomRules(random: (below: number) => number): OracleRule[] {
  const range = (most: number): [number, number] => {
    const from = random(most);
    return [from, from + random(most - from)];
  };
  return Array.from({ length: random(4) }, () => {
    const maybe = <T>(value: T): T | undefined => (random(2) === 0 ? value : undefined);
    const kind = random(3);
    const code = CODES[random(CODES.length)] ?? 6;
    const isKnown = [5, 6, 15, 16, 22, 23].includes(code);
    const coded = random(3) === 0 ? ([code, code] as [number, number]) : undefined;
    const isNarrow = coded === undefined || isKnown;
    const parts: OracleRule = {
      ...(maybe(true) && { unit: range(4) }),
      ...(isNarrow && kind === 1 && { coil: range(18) }),
      ...(isNarrow && kind === 2 && { holding: random(8) === 0 ? [65_500, 65_535] : range(18) }),
      ...(coded && { function: coded }),
      ...(random(4) === 0 && { from: ["10.0.0.1", "10.0.0.0/31", "10.0.0.2/32", "0.0.0.0/0"][random(4)] ?? "" }),
      ...(isNarrow && maybe(true) && { values: range(14) }),
    };
    return Object.keys(parts).length === 0 ? { unit: [0, 255] as [number, number] } : parts;
  });
}
