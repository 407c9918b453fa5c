/**
 * What this program can do on a link beyond the commands 1 to 9 (docs/tunnel.md, "The protocol of a link"), in the order of HELLO, which names
 * it. A side sends a command of an ability only to a peer that has named it.
 */
export const OWN_ABILITIES = ["fin", "credit", "reset", "bye", "session"] as const;

/** One ability of a peer. */
export type Ability = (typeof OWN_ABILITIES)[number];

/** What a peer can do that has said no HELLO: sockproxyd 1.7 and programs of other makes. */
export const NO_ABILITIES: ReadonlySet<Ability> = new Set();

/** Reads the payload of HELLO: words with spaces between. Words that this program does not know mean nothing to it. */
export function abilitiesOf(payload: Buffer): ReadonlySet<Ability> {
  const words = new Set(payload.toString("latin1").split(" "));
  return new Set(OWN_ABILITIES.filter((ability) => words.has(ability)));
}

/** Begins the word of HELLO that tells one device from another: a random text, the same for each link of one device. */
const INSTANCE = "id=";
const INSTANCE_MAX = 64;

/** Reads which device has sent HELLO; nothing where it does not say. */
export function instanceOf(payload: Buffer): { readonly instance?: string } {
  const word = payload
    .toString("latin1")
    .split(" ")
    .find((each) => each.startsWith(INSTANCE));
  const instance = word?.slice(INSTANCE.length, INSTANCE.length + INSTANCE_MAX);
  return instance === undefined ? {} : { instance };
}

/**
 * The payload of HELLO.
 *
 * @param instance of a device, without blanks
 */
export function abilitiesText(abilities: Iterable<Ability>, instance?: string): string {
  return [...abilities, ...(instance === undefined ? [] : [`${INSTANCE}${instance}`])].join(" ");
}
