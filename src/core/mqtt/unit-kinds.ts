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

/** Amounts that are there, and not counters: what is left in a battery, or in a tank. */
const STORED: Readonly<Record<string, UnitKind>> = {
  energy: { deviceClass: "energy_storage", stateClass: "measurement" },
  volume: { deviceClass: "volume_storage", stateClass: "measurement" },
};

/** What a unit tells of a number; undefined: nothing. Units are written as Home Assistant writes them: `kW`, not `KW`. */
export function kindOfUnit(unit: string): UnitKind | undefined {
  return KINDS.get(unit);
}

/** The same of an amount that is there, and falls, too; undefined: nothing of this unit is stored. */
export function kindOfStored(unit: string): UnitKind | undefined {
  return STORED[KINDS.get(unit)?.deviceClass ?? ""];
}

/** What data sheets write, and Home Assistant does not. */
const OTHERWISE = new Map<string, string>(
  Object.entries({
    ...{ w: "W", watt: "W", watts: "W", v: "V", volt: "V", volts: "V", a: "A", amp: "A", amps: "A", ampere: "A" },
    ...{ c: "°C", degc: "°C", celsius: "°C", "deg.c": "°C", "℃": "°C", f: "°F", degf: "°F", hertz: "Hz" },
    ...{
      m3: "m³",
      "m^3": "m³",
      "m3/h": "m³/h",
      "w/m2": "W/m²",
      liter: "L",
      litre: "L",
      l: "L",
      percent: "%",
      pct: "%",
    },
  }),
);

/** How Home Assistant writes a unit that is written otherwise: kWh for kwh. Undefined: it knows the unit so, or does not know it. */
export function unitMeantBy(unit: string): string | undefined {
  if (KINDS.has(unit)) return undefined;
  const lower = unit.toLowerCase();
  const [first = ""] = unit;
  const isMeant = (known: string): boolean => known.length > 1 && known.toLowerCase() === lower;
  const isSamePower = (known: string): boolean => lower[0] !== "m" || known.startsWith(first); // no million (M) for a thousandth
  const other = [...KINDS].find(
    ([known, { deviceClass }]) => isMeant(known) && isSamePower(known) && deviceClass !== "duration", // mS is a conductance
  );
  return OTHERWISE.get(lower) ?? other?.[0];
}
