import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { readCredentials, readIdentity, validityProblem } from "#src/dial/tls-credentials.js";
import { Certificates } from "../support/certificates.js";
import { openssl } from "../support/openssl.js";

const certificates = new Certificates();
after(() => certificates.remove());
const [one, other] = [certificates.make("one"), certificates.make("other")];
const missing = `${certificates.folder}/missing.pem`;
const text = `${certificates.folder}/text.pem`;
writeFileSync(text, "no certificate");
const locked = `${certificates.folder}/locked.key`;
openssl("genrsa", "-aes256", "-passout", "pass:x", "-out", locked, "2048");
const curve = `${certificates.folder}/curve.key`;
openssl("ecparam", "-genkey", "-name", "prime256v1", "-out", curve); // with the parameters in front, as openssl writes it
const der = `${certificates.folder}/one.der`;
openssl("x509", "-in", one.certificate, "-outform", "DER", "-out", der);
const short = { certificate: `${certificates.folder}/short.pem`, key: `${certificates.folder}/short.key` };
const rsa = ["-newkey", "rsa:512", "-nodes", "-subj", "/CN=short", "-keyout", short.key, "-out", short.certificate];
openssl("req", "-x509", "-days", "2", ...rsa);

test("the contents of all files that are named, by Node's names", () => {
  assert.deepEqual(readCredentials({}), {});
  assert.deepEqual(readCredentials({ ...one, authority: other.certificate }), {
    cert: readFileSync(one.certificate),
    key: readFileSync(one.key),
    ca: readFileSync(other.certificate),
  });
});

const wrong = [
  ["a certificate that is missing", { certificate: missing, key: one.key }, missing, "ENOENT"],
  ["a certificate that is none", { certificate: text, key: one.key }, text, "it holds no certificate in PEM"],
  ["a key that is missing", { certificate: one.certificate, key: missing }, missing, "ENOENT"],
  [
    "a key that is none",
    { certificate: one.certificate, key: one.certificate },
    `${one.certificate} and ${one.certificate}`,
    "the latter holds no private key in PEM",
  ],
  [
    "a key of another kind",
    { certificate: one.certificate, key: curve },
    `${one.certificate} and ${curve}`,
    "the private key does not belong to the certificate",
  ],
  ["an authority in DER", { authority: der }, der, "it holds no certificate in PEM"],
  ["an authority that is no certificate", { authority: text }, text, "it holds no certificate in PEM"],
  [
    "a key with a password",
    { certificate: one.certificate, key: locked },
    `${one.certificate} and ${locked}`,
    "the latter wants a password: store the key without one",
  ],
  [
    "a key of another certificate",
    { certificate: one.certificate, key: other.key },
    `${one.certificate} and ${other.key}`,
    "the private key does not belong to the certificate",
  ],
] as const;
for (const [what, files, named, reason] of wrong) {
  test(`${what}: the error names the file and what is wrong`, () => {
    assert.throws(
      () => readCredentials(files),
      ({ message }: Error) => message.startsWith(`TLS: ${named} cannot be used: ${reason}`),
    );
  });
}

test("an identity may have a short key for a device of 2012, but not for clients", () => {
  const identity = { name: "old", ...short };
  assert.ok(readIdentity(identity).key);
  assert.throws(() => readIdentity(identity, true), {
    message: `[tls old]: TLS: ${short.certificate} cannot be used: its key is too short for clients`,
  });
});

test("the time of a certificate may not have come, or be over", () => {
  const now = Date.now();
  const day = 86_400_000;
  assert.equal(validityProblem(one.certificate, now), undefined);
  assert.match(validityProblem(one.certificate, now + 3 * day) ?? "", /one\.pem has expired on \d{4}-.*Z$/);
  assert.match(validityProblem(one.certificate, now - day) ?? "", /one\.pem is not valid before \d{4}-.*Z$/);
  assert.equal(validityProblem(missing, now), undefined);
});
