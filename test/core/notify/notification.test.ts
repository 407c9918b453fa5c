import assert from "node:assert/strict";
import { test } from "node:test";
import { actionPath, formatNotifyTarget, judgeAnswer } from "#src/core/notify/notification.js";

test("the request has the form of Luup engines, every value percent-encoded", () => {
  assert.equal(
    actionPath({ device: 123, service: "urn:example-com:serviceId:Example1", action: "HandleReceive" }, "a b&c=é"),
    "/data_request?id=action&output_format=json&DeviceNum=123" +
      "&serviceId=urn%3Aexample-com%3AserviceId%3AExample1&action=HandleReceive&Pid=a%20b%26c%3D%C3%A9",
  );
});

const table: [number, string, string][] = [
  [200, '{"u:HandleReceiveResponse": {"JobID": "12"}}', "delivered"],
  [200, "", "delivered"],
  [200, "ERROR: Invalid Service", "rejected"],
  [200, "ERROR: No implementation", "rejected"],
  [200, "ERROR: Invalid service/action/device", "rejected"],
  [200, "ERROR: Device does not handle service/action", "rejected"],
  [200, "\nERROR: x", "rejected"],
  [200, "no ERROR here", "delivered"],
  [401, "", "rejected"],
  [404, "", "rejected"],
  [302, "", "rejected"],
  [501, "No handler", "rejected"],
  [500, "", "unavailable"],
  [502, "", "unavailable"],
  [503, "starting", "unavailable"],
];
for (const [status, body, kind] of table) {
  test(`answer ${status} ${JSON.stringify(body)} means ${kind}`, () =>
    assert.equal(judgeAnswer(status, body).kind, kind));
}

test("a verdict quotes the answer, short and printable", () => {
  const verdict = judgeAnswer(200, `ERROR: Invalid\x1b Service${"x".repeat(500)}\nmore`);
  assert.ok(verdict.kind === "rejected");
  assert.match(verdict.answer, /^status 200, ERROR: Invalid\? Servicex+$/);
  assert.ok(verdict.answer.length < 150);
});

test("STAT shows a target as dev/sid/act/pid", () => {
  assert.equal(formatNotifyTarget({ device: 5, service: "urn:x", action: "Act" }, "p"), "5/urn:x/Act/p");
});
