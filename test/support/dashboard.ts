import { readFileSync } from "node:fs";

/** A place on the grid of Grafana: 24 columns. */
interface GridPos {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly datasource: { readonly uid: string };
}

/** What the tests look at of a dashboard of Grafana. */
export interface Dashboard {
  readonly __inputs: readonly { readonly name: string; readonly pluginId: string }[];
  readonly schemaVersion: number;
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly definition?: string }[];
  };
  readonly panels: readonly {
    readonly id: number;
    readonly type: string;
    readonly title: string;
    readonly gridPos: GridPos;
    readonly datasource?: { readonly uid: string };
    readonly targets?: readonly Target[];
  }[];
}

/** The dashboard that we ship. */
export function readDashboard(): Dashboard {
  return JSON.parse(readFileSync("packaging/grafana/sockproxyd.json", "utf8"));
}

/** What Prometheus is asked: the queries of all panels, with values in place of the variables. */
export function queriesOf({ panels }: Dashboard): string[] {
  return panels.flatMap(({ targets = [] }) =>
    targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$\w+/g, ".*")),
  );
}
