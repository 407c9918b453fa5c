type State =
  | { readonly kind: "open" }
  /** Takes no more requests. Behind the last answer the link is closed. */
  | { readonly kind: "retiring"; readonly reason: string }
  | { readonly kind: "stopped" };

/** Whether a link takes requests. It goes from open to retiring to stopped, and never back. */
export class LinkState {
  #state: State = { kind: "open" };

  get isOpen(): boolean {
    return this.#state.kind === "open";
  }

  get isStopped(): boolean {
    return this.#state.kind === "stopped";
  }

  /** Why the link closes behind its last answer; undefined: it does not. */
  get retiring(): string | undefined {
    return this.#state.kind === "retiring" ? this.#state.reason : undefined;
  }

  /** Takes no more requests. */
  retire(reason: string): void {
    if (this.isOpen) this.#state = { kind: "retiring", reason };
  }

  stop(): void {
    this.#state = { kind: "stopped" };
  }
}
