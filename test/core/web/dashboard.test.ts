import assert from "node:assert/strict";
import { test } from "node:test";
import { PROBLEM_KINDS } from "#src/core/health/problem.js";
import { metricsText } from "#src/core/web/metrics.js";
import { queriesOf, readDashboard } from "../../support/dashboard.js";
import { readExposition } from "../../support/exposition.js";
import { FULL_REPORT, USAGE } from "../../support/full-report.js";

const dashboard = readDashboard();
const families = readExposition([...metricsText(FULL_REPORT, USAGE)].join(""));
const NAME = /\b(?:sockproxyd|process)_[a-z0-9_]+/g;
const WITH_METRICS = [
  "problems",
  "listener_received_bytes_total",
  "notification_delay_seconds",
  "mux_response_p50_seconds",
  ...["mqtt_up", "webhook_failing_seconds", "value", "parked_connections", "standing_up"],
];

/** The metric that a name in a query belongs to: the parts of a histogram are one. */
function familyOf(name: string): string {
  const whole = name.replace(/_(bucket|sum|count)$/, "");
  return families.get(whole)?.type === "histogram" ? whole : name;
}

test("every metric that the dashboard names is one of ours, and every panel has some", () => {
  const texts = [...queriesOf(dashboard), ...dashboard.templating.list.map(({ definition = "" }) => definition)];
  const names = new Set(texts.flatMap((text) => text.match(NAME) ?? []).map(familyOf));
  for (const name of names) assert.ok(families.has(name), name);
  for (const name of WITH_METRICS) assert.ok(names.has(`sockproxyd_${name}`), name);
  for (const name of ["tunnel_links_open", "connections_open"]) assert.ok(names.has(`sockproxyd_${name}`), name);
  for (const name of ["process_cpu_seconds_total", "process_resident_memory_bytes"]) assert.ok(names.has(name), name);
  for (const { type, title, targets = [] } of dashboard.panels) {
    assert.equal(targets.length > 0, type !== "row", title);
    for (const { expr } of targets) assert.ok(expr.match(NAME) !== null, title);
  }
});

test("labels in queries and legends are labels of their metrics", () => {
  const given = ["job", "instance", "le"]; // by Prometheus
  for (const { title, targets = [] } of dashboard.panels) {
    for (const { expr, legendFormat = "" } of targets) {
      const series = (expr.match(NAME) ?? []).flatMap((name) => families.get(familyOf(name))?.series ?? []);
      const labels = new Set([...given, ...series.flatMap((one) => Object.keys(one.labels))]);
      const used = [
        ...[...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label),
        ...[...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(", ")),
        ...[...expr.matchAll(/[{,](\w+)=~?"/g)].map(([, label = ""]) => label),
      ];
      for (const label of used) assert.ok(labels.has(label), `${title}: ${label}`);
    }
  }
});

test("panels do not overlap, and the one data source is asked for at the import", () => {
  assert.ok(dashboard.schemaVersion >= 36 && dashboard.schemaVersion <= 41);
  assert.deepEqual(
    dashboard.__inputs.map(({ name, pluginId }) => [name, pluginId]),
    [["DS_PROMETHEUS", "prometheus"]],
  );
  assert.equal(dashboard.templating.list.find(({ name }) => name === "DS_PROMETHEUS")?.type, "datasource");
  const taken = new Set<string>();
  for (const { title, gridPos, datasource, targets = [], type } of dashboard.panels) {
    const { x, y, w, h } = gridPos;
    assert.ok(x >= 0 && x + w <= 24, title);
    for (let column = x; column < x + w; column += 1) {
      for (let line = y; line < y + h; line += 1) {
        assert.ok(!taken.has(`${column} ${line}`), title);
        taken.add(`${column} ${line}`);
      }
    }
    const sources = [...targets, ...(type === "row" ? [] : [{ datasource }])].map((one) => one.datasource?.uid);
    for (const uid of sources) assert.equal(uid, "$" + "{DS_PROMETHEUS}", title);
  }
  const ids = dashboard.panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
});

test("the metric of problems has every kind, so that a panel shows 0 and not nothing", () => {
  const kinds = families.get("sockproxyd_problems")?.series.map(({ labels }) => labels["kind"]);
  assert.deepEqual(new Set(kinds), new Set(PROBLEM_KINDS));
});
