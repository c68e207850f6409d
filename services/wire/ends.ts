import { NO_TRACING, type Tracing } from '#telemetry';
import type { HubChannel, SiteChannel } from './channel.ts';
import type { EndSettings } from './correspondence.ts';
import { HubEnd } from './hub.ts';
import { DEFAULT_LIMITS, type WireLimits } from './limits.ts';
import type { Link } from './link.ts';
import { PROTOCOL } from './messages.ts';
import { SiteEnd } from './site.ts';

export interface EndOptions {
  /** name of the run, [a-z0-9-] */
  readonly run: string;
  readonly limits?: Partial<WireLimits>;
  /** whether messages of this end's own errors travel, or their codes only. Default: the hub's do, a site's do not, they may name files of patients */
  readonly shareErrorMessages?: boolean;
  /** told of every request that this end answered with an error */
  readonly refused?: (peer: string, error: unknown) => void;
  /** spans of what is asked and answered. Default: none */
  readonly tracing?: Tracing;
}

/** The hub's channel over a link. */
export function hubChannel(link: Link, options: EndOptions): HubChannel {
  return new HubEnd(link, settingsOf({ shareErrorMessages: true, ...options }));
}

/** The channel of the site of this name over a link. */
export function siteChannel(link: Link, site: string, options: EndOptions): SiteChannel {
  return new SiteEnd(link, settingsOf(options), site);
}

function settingsOf({ run, limits, shareErrorMessages = false, refused = () => {}, tracing = NO_TRACING }: EndOptions): EndSettings {
  return { run, protocol: PROTOCOL, limits: { ...DEFAULT_LIMITS, ...limits }, shareErrorMessages, refused, tracing };
}
