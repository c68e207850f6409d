import { NO_TRACING } from '#telemetry';
import type { SiteChannel, SiteHandlers } from './channel.ts';
import type { EndSettings } from './correspondence.ts';
import { type InProcessOptions, inProcessFederation } from './in-process.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Letter } from './link.ts';
import { type Feedback, type Hello, PROTOCOL, type Welcome, type Work } from './messages.ts';

/*
 * Builders for tests: a hub and one site that has joined, and messages between them.
 */

export const SITE = 'hospital-a';

export function aHello(change: Partial<Hello> = {}): Hello {
  return {
    site: SITE,
    manifest: { count: 40, size: 16, channels: 3, classes: 3, labels: 'Instances', testCount: 10 },
    codecs: { images: ['UInt8', 'Float16', 'Float32'], feedback: ['Float16', 'Int8', 'Float32'] },
    policyDigest: 'sha256-00ff',
    snapshots: [50, 100],
    hubEpoch: 0,
    ...change,
  };
}

export function aWelcome(change: Partial<Welcome> = {}): Welcome {
  return {
    hubEpoch: 1,
    experiment: { metadata: { name: 'nuclei' } },
    siteIndex: 0,
    codecs: { images: 'UInt8', feedback: 'Float16' },
    ...change,
  };
}

/** Two images of 8 x 8 in colour, different for every iteration. */
export function aWork(iteration: number, change: Partial<Work> = {}): Work {
  const shape = [2, 8, 8, 3];
  return {
    iteration,
    generatorVersion: iteration,
    conditions: [0, 1].map((i) => ({ key: `k-${i}`, top: i, left: 2, rotate: 1, flip: i === 1 })),
    fakes: { shape, data: Float32Array.from({ length: 384 }, (_, i) => Math.tanh(Math.sin(i + iteration))) },
    snapshot: false,
    ...change,
  };
}

/** A feedback whose gradient tells which fakes it is for. */
export function aFeedback(work: Work, change: Partial<Feedback> = {}): Feedback {
  return {
    iteration: work.iteration,
    generatorVersion: work.generatorVersion,
    gradient: { shape: work.fakes.shape, data: work.fakes.data.map((value) => value * 1e-4) },
    losses: { discriminator: 1.25, generator: -0.5 },
    seconds: 0.25,
    snapshotTaken: work.snapshot,
    ...change,
  };
}

/** A hub and a site that has joined it; handlers answer as the builders do unless told otherwise. */
export async function aFederation({
  hello = {},
  welcome = {},
  handlers = {},
  options = {},
}: {
  hello?: Partial<Hello>;
  welcome?: Partial<Welcome>;
  handlers?: Partial<SiteHandlers>;
  options?: Partial<InProcessOptions>;
} = {}) {
  const { hub, site } = inProcessFederation({ run: 'nuclei', ...options });
  hub.onJoin(async () => aWelcome(welcome));
  const a = site(SITE);
  serve(a, handlers);
  await a.join(aHello(hello), forever());
  return { hub, site, a };
}

export function serve(site: SiteChannel, handlers: Partial<SiteHandlers> = {}): void {
  site.serve({ work: async (work) => aFeedback(work), control: async () => ({ kind: 'stop' }), ...handlers });
}

/** What an end is told, for tests that put one end against a peer that does not keep to the protocol. */
export function aSettings(change: Partial<EndSettings> = {}): EndSettings {
  return {
    run: 'nuclei',
    protocol: PROTOCOL,
    limits: DEFAULT_LIMITS,
    shareErrorMessages: true,
    refused: () => {},
    tracing: NO_TRACING,
    ...change,
  };
}

export function aLetter(bytes: Uint8Array): Letter {
  return { bytes, trace: {} };
}

export function forever(): AbortSignal {
  return new AbortController().signal;
}
