import type { Phase } from './tracing.ts';

/** The values that an attribute of a metric may have: few, and none from a patient. */
interface MetricAttributes {
  readonly site: string;
  readonly phase: Phase;
  /** down: hub to site */
  readonly direction: 'down' | 'up';
  /** whose loss */
  readonly side: 'generator' | 'discriminator';
  readonly quantile: 'p50' | 'p99' | 'max';
}

interface MetricDefinition {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly (keyof MetricAttributes)[];
}

/** Upper bounds in seconds. Explicit: the Prometheus exporter gives no data for exponential histograms. */
export const SECONDS_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** Every metric of asyndgan. Units are UCUM's, as OpenTelemetry asks. */
export const METRICS = {
  iterationDuration: {
    name: 'asyndgan.iteration.duration',
    kind: 'histogram',
    unit: 's',
    description: 'From the draw of the conditions to the step of the generator.',
    attributes: [],
  },
  phaseDuration: {
    name: 'asyndgan.phase.duration',
    kind: 'histogram',
    unit: 's',
    description: 'How long a part of an iteration takes.',
    attributes: ['phase'],
  },
  wireBytes: {
    name: 'asyndgan.wire.bytes',
    kind: 'counter',
    unit: 'By',
    description: 'Bytes of messages between the hub and a site, as encoded.',
    attributes: ['site', 'direction'],
  },
  siteLatency: {
    name: 'asyndgan.site.latency',
    kind: 'histogram',
    unit: 's',
    description: 'From the work sent to a site to its feedback.',
    attributes: ['site'],
  },
  siteStaleness: {
    name: 'asyndgan.site.staleness',
    kind: 'gauge',
    unit: '{iteration}',
    description: 'How many steps the generator was ahead of the images that the newest feedback judges.',
    attributes: ['site'],
  },
  loss: {
    name: 'asyndgan.loss',
    kind: 'gauge',
    unit: '1',
    description: 'The newest loss.',
    attributes: ['site', 'side'],
  },
  iteration: {
    name: 'asyndgan.iteration',
    kind: 'gauge',
    unit: '{iteration}',
    description: 'Iterations that are done.',
    attributes: [],
  },
  tensorsLive: {
    name: 'asyndgan.tensors.live',
    kind: 'gauge',
    unit: '{tensor}',
    description: 'Tensors held by the native library; constant from one iteration to the next.',
    attributes: [],
  },
  natsReconnects: {
    name: 'asyndgan.nats.reconnects',
    kind: 'counter',
    unit: '{reconnect}',
    description: 'How often a connection to NATS was made again.',
    attributes: [],
  },
  eventLoopDelay: {
    name: 'asyndgan.eventloop.delay',
    kind: 'gauge',
    unit: 's',
    description: 'How late timers of the main thread were over the last ten seconds.',
    attributes: ['quantile'],
  },
  sitesPresent: {
    name: 'asyndgan.sites.present',
    kind: 'gauge',
    unit: '{site}',
    description: 'Sites that take part now.',
    attributes: [],
  },
  sitesDesired: {
    name: 'asyndgan.sites.desired',
    kind: 'gauge',
    unit: '{site}',
    description: 'Sites of the experiment.',
    attributes: [],
  },
  hubEpoch: {
    name: 'asyndgan.hub.epoch',
    kind: 'gauge',
    unit: '{start}',
    description: 'How often the hub was started: rises at every start.',
    attributes: [],
  },
  rollbacks: {
    name: 'asyndgan.rollbacks',
    kind: 'counter',
    unit: '{rollback}',
    description: 'How often everybody went back to an earlier cut.',
    attributes: [],
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
type AttributesOf<M extends MetricName> = (typeof METRICS)[M]['attributes'][number];
type RecordMetric<Names extends keyof MetricAttributes> = [Names] extends [never]
  ? (value: number) => void
  : (value: number, attributes: Pick<MetricAttributes, Names>) => void;

/** A function for each metric: counters add, gauges and histograms record. */
export type Metrics = { readonly [M in MetricName]: RecordMetric<AttributesOf<M>> };

/** One function for each metric of the table. */
export function eachMetric(record: (definition: MetricDefinition) => (value: number, attributes?: object) => void): Metrics {
  return Object.fromEntries(Object.entries(METRICS).map(([key, definition]) => [key, record(definition)])) as unknown as Metrics;
}

const nothing = () => {};

/** Records nothing. */
export const NO_METRICS: Metrics = eachMetric(() => nothing);
