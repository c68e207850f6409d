/** Waits that can be ended together: all requests to a site that is gone, all requests of a channel that closes. */
export class Waits {
  readonly #open = new Set<AbortController>();

  /**
   * Settles as `start(ended)` does, but rejects with the reason as soon as `signal` aborts or `endAll` is called; `ended` aborts then, too.
   * Nothing stays behind on `signal`, which may live as long as the process.
   */
  async wait<T>(start: (ended: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const end = new AbortController();
    const abort = () => end.abort(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#open.add(end);
    try {
      return await new Promise<T>((resolve, reject) => {
        end.signal.addEventListener('abort', () => reject(end.signal.reason), { once: true });
        start(end.signal).then(resolve, reject);
      });
    } finally {
      this.#open.delete(end);
      signal.removeEventListener('abort', abort);
    }
  }

  endAll(reason: Error): void {
    for (const end of this.#open) end.abort(reason);
  }
}
