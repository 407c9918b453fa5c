/** Exception codes (MODBUS Application Protocol Specification V1.1b3, chapter 7). */
export const EXCEPTION = {
  illegalFunction: 0x01,
  illegalAddress: 0x02,
  illegalValue: 0x03,
  deviceFailure: 0x04,
  deviceBusy: 0x06,
  /** "usually means that the gateway is misconfigured" */
  noPath: 0x0a,
  /** Of a gateway: the unit does not respond. */
  noResponse: 0x0b,
} as const;
