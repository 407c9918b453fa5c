/** How Home Assistant treats a number of a unit (its list of sensor device classes, https://www.home-assistant.io/integrations/sensor). */
export interface UnitKind {
  /** Left out: the unit may mean several things, or versions that are still in use do not know the class. */
  readonly deviceClass?: string;
  /** `measurement`: a value of now. `total_increasing`: a counter, which may begin anew. */
  readonly stateClass: "measurement" | "total_increasing";
}

/** Units by device class. Those of counters stand apart. */
const MEASURED: Readonly<Record<string, readonly string[]>> = {
  power: ["mW", "W", "kW", "MW", "GW"],
  apparent_power: ["VA"],
  reactive_power: ["var"],
  voltage: ["µV", "mV", "V", "kV"],
  current: ["mA", "A"],
  frequency: ["Hz", "kHz", "MHz", "GHz"],
  temperature: ["°C", "°F", "K"],
  pressure: ["Pa", "hPa", "kPa", "mbar", "bar", "psi"],
  volume_flow_rate: ["m³/h", "L/min"],
  irradiance: ["W/m²"],
  illuminance: ["lx"],
  speed: ["m/s", "km/h"],
  duration: ["ms", "s", "min", "h", "d"],
  signal_strength: ["dB", "dBm"],
};
const COUNTED: Readonly<Record<string, readonly string[]>> = {
  energy: ["Wh", "kWh", "MWh", "GWh"],
  volume: ["m³", "L"],
};
/** Numbers of now, and counters, whose unit alone tells no class: of %, battery, humidity and power factor are such. */
const OTHERS: ReadonlyMap<string, UnitKind["stateClass"]> = new Map([
  ...["%", "kVA", "kvar", "°", "ppm", "rpm", "Ω", "kΩ", "MΩ"].map((unit) => [unit, "measurement"] as const),
  ...["varh", "kvarh", "VAh", "kVAh"].map((unit) => [unit, "total_increasing"] as const),
]);

const KINDS: ReadonlyMap<string, UnitKind> = new Map([
  ...kinds(MEASURED, "measurement"),
  ...kinds(COUNTED, "total_increasing"),
  ...[...OTHERS].map(([unit, stateClass]): [string, UnitKind] => [unit, { stateClass }]),
]);

function kinds(units: typeof MEASURED, stateClass: UnitKind["stateClass"]): [string, UnitKind][] {
  return Object.entries(units).flatMap(([deviceClass, all]) =>
    all.map((unit): [string, UnitKind] => [unit, { deviceClass, stateClass }]),
  );
}

/** What a unit tells of a number; undefined: nothing. Units are written as Home Assistant writes them: `kW`, not `KW`. */
export function kindOfUnit(unit: string): UnitKind | undefined {
  return KINDS.get(unit);
}
