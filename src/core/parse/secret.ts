/** The key of an option or setting whose value may hold a password. */
const SECRET_WORD = /^(?:secret|secr|login|logn|device|devc|vera|url|password|header|body)$/i;

/** Whether the value of this key may hold a password. */
export function isSecretWord(key: string): boolean {
  return SECRET_WORD.test(key);
}

/** Masks the value in a text that was meant to be `key=value`, whatever stands in place of the `=`: messages repeat such a text. */
export function maskSecret(text: string): string {
  const [key = ""] = text.split(/[\s:=]/, 1);
  const rest = text.slice(key.length);
  const value = rest.search(/[^\s:=]/);
  return isSecretWord(key) && value >= 0 ? `${key}${rest.slice(0, value)}***` : text;
}
