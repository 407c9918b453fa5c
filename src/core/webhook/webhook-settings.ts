/** A `[webhook NAME]` section. */
export interface WebhookSettings {
  readonly name: string;
  /** http or https, perhaps with `user:password@`; words in braces in path and query. */
  readonly url: string;
  readonly method: string;
  /** With words in braces in their values. */
  readonly headers: readonly WebhookHeader[];
  /** With words in braces; undefined: the event as JSON, where the method has a body. */
  readonly body?: string;
}

/** A header of the requests of a webhook. */
export interface WebhookHeader {
  readonly name: string;
  readonly value: string;
}
