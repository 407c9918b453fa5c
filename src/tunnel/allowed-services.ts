import { Rule } from "../access/access-rules.js";
import { matchesName, parseTargetPatterns } from "../core/net/access-patterns.js";
import { type HostPort, isAddress } from "../core/net/address.js";
import { formatServices, isService, type ServicePattern } from "../core/tunnel/service-rules.js";

/** The services that a device may dial for its server; nothing by default. */
export class AllowedServices {
  /** As they are written in a configuration. */
  readonly text: string;
  readonly #rules: readonly (ServicePattern & { readonly rule: Rule })[];

  constructor(patterns: readonly ServicePattern[]) {
    this.text = formatServices(patterns);
    this.#rules = patterns.map((pattern) => ({ ...pattern, rule: new Rule(pattern.hosts) }));
  }

  /** This one alone. */
  static only({ host, port }: HostPort): AllowedServices {
    const hosts = parseTargetPatterns(host);
    return new AllowedServices(hosts.ok ? [{ hosts: hosts.value, port }] : []);
  }

  /** Whether this one may be dialled: as it is named, since a name is not resolved for that. */
  permit(service: HostPort): boolean {
    if (!isService(service)) return false;
    const { host } = service;
    return this.#rules.some(
      ({ hosts, port, rule }) =>
        port === service.port && (isAddress(host) ? rule.covers(host, host) : matchesName(hosts, host)),
    );
  }
}
