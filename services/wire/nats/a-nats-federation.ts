import type { TestContext } from 'node:test';
import { aHello, aWelcome, forever, SITE, serve } from '../a-federation.ts';
import type { SiteHandlers } from '../channel.ts';
import type { Hello, Welcome } from '../messages.ts';
import { type NatsOptions, natsHub, natsSite } from './channel.ts';
import type { LinkTiming } from './timing.ts';

/*
 * Builders for tests over a real nats-server: a hub and one site that has joined it. The channels end with the test.
 */

/** As the default, but in milliseconds that a test can wait for. */
export const QUICK: LinkTiming = { probe: 100, longestProbe: 1000, absence: 400, reconnect: 20, longestReconnect: 100 };

type Options = Partial<Omit<NatsOptions, 'servers'>> & { readonly servers?: string };

export async function aNatsHub(t: TestContext, options: Options & { servers: string }, sites: readonly string[] = [SITE]) {
  const hub = await natsHub({ run: 'nuclei', sites, shareErrorMessages: true, timing: QUICK, ...options }, forever());
  t.after(() => hub.close());
  return hub;
}

export async function aNatsSite(t: TestContext, options: Options & { servers: string }, site = SITE) {
  const channel = await natsSite({ run: 'nuclei', site, shareErrorMessages: true, timing: QUICK, ...options }, forever());
  t.after(() => channel.close());
  return channel;
}

export async function aNatsFederation(
  t: TestContext,
  servers: string,
  {
    hello = {},
    welcome = {},
    handlers = {},
    hubOptions = {},
    siteOptions = {},
  }: {
    hello?: Partial<Hello>;
    welcome?: Partial<Welcome>;
    handlers?: Partial<SiteHandlers>;
    hubOptions?: Options;
    siteOptions?: Options;
  } = {},
) {
  const hub = await aNatsHub(t, { servers, ...hubOptions });
  hub.onJoin(async () => aWelcome(welcome));
  const a = await aNatsSite(t, { servers, ...siteOptions });
  serve(a, handlers);
  await a.join(aHello(hello), forever());
  return { hub, a };
}
