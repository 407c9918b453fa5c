/** The bytes in hexadecimal, with spaces between: `01 03 00`. */
export function hexOf(bytes: Buffer): string {
  return bytes.toString("hex").replaceAll(/..(?=.)/g, "$& ");
}
