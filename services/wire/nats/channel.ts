import type { HubChannel, SiteChannel } from '../channel.ts';
import { type EndOptions, hubChannel, siteChannel } from '../ends.ts';
import { type NatsLinkOptions, natsHubLink, natsSiteLink } from './link.ts';

export type NatsOptions = NatsLinkOptions & EndOptions;

/**
 * The hub's channel over NATS. Throws what `natsHubLink` throws; `signal` ends the attempts to connect.
 *
 * @example
 * const hub = await natsHub({ servers: 'tls://nats.example.org', credentialsFile: 'hub.creds', run: 'nuclei', sites: ['a', 'b'] }, signal);
 * hub.onJoin(async (hello) => welcome);
 */
export async function natsHub(options: NatsOptions & { readonly sites: readonly string[] }, signal: AbortSignal): Promise<HubChannel> {
  return hubChannel(await natsHubLink(options, signal), options);
}

/** A site's channel over NATS. Throws as `natsHub` does. */
export async function natsSite(options: NatsOptions & { readonly site: string }, signal: AbortSignal): Promise<SiteChannel> {
  return siteChannel(await natsSiteLink(options, signal), options.site, options);
}
