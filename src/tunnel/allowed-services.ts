import { HostList } from "../access/access-rules.js";
import { matchesName, parseTargetPatterns } from "../core/net/access-patterns.js";
import { type HostPort, isAddress } from "../core/net/address.js";
import { formatServices, isService, type ServicePattern } from "../core/tunnel/service-rules.js";

/** The services that a device may dial for its server. */
export class AllowedServices {
  /** The list as `allow` of `[device]` has it. */
  readonly text: string;
  readonly #rules: readonly (ServicePattern & { readonly rule: HostList })[];

  constructor(patterns: readonly ServicePattern[]) {
    this.text = formatServices(patterns);
    this.#rules = patterns.map((pattern) => ({ ...pattern, rule: new HostList(pattern.hosts) }));
  }

  /** Allows this service and no other. */
  static only({ host, port }: HostPort): AllowedServices {
    const hosts = parseTargetPatterns(host);
    return new AllowedServices(hosts.ok ? [{ hosts: hosts.value, port }] : []);
  }

  /** Whether this service may be dialled. Names are compared as names: they are not resolved. */
  allows(service: HostPort): boolean {
    if (!isService(service)) return false;
    const { host } = service;
    return this.#rules.some(
      ({ hosts, port, rule }) =>
        port === service.port && (isAddress(host) ? rule.covers(host, host) : matchesName(hosts, host)),
    );
  }
}
