/** Patience of a link, milliseconds. */
export interface LinkTiming {
  /** until the first probe of a request that is not answered; doubled for each next one */
  readonly probe: number;
  readonly longestProbe: number;
  /** how long a peer that the server knows nothing of is waited for */
  readonly absence: number;
  /** until the second attempt to reconnect; doubled for each next one, and up to half is left out at random */
  readonly reconnect: number;
  readonly longestReconnect: number;
}

export const DEFAULT_TIMING: LinkTiming = {
  probe: 5_000,
  longestProbe: 60_000,
  absence: 30_000,
  reconnect: 250,
  longestReconnect: 15_000,
};
