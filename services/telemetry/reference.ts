import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ATTRIBUTES } from './attributes.ts';
import { METRICS, SECONDS_BUCKETS } from './metrics.ts';
import { ENVIRONMENT } from './settings.ts';
import { PHASES } from './tracing.ts';

const FILE = fileURLToPath(new URL('../../docs/telemetry.md', import.meta.url));

const INTRODUCTION = `# Telemetry

Traces, metrics and logs go to an OpenTelemetry collector over OTLP (HTTP, protobuf) with \`--otlp URL\` or \`OTEL_EXPORTER_OTLP_ENDPOINT\`.
Without one, nothing of OpenTelemetry is loaded. A collector that is away costs a warning, and never makes the training wait:
what does not fit its queue (2048 spans, 2048 log records) is dropped.

A hospital decides by itself whether its telemetry leaves, and where to. Spans and exported log records carry the attributes below and no others,
an error's code and never its message; host, user and command line are not sent. The texts stay in the process's own log.

This page is made from the tables in the code by \`node services/telemetry/reference.ts --write\`; do not edit it.
`;

const TRACES = `## Traces
One iteration is one trace: \`asyndgan.iteration\` at the hub, in it a \`request TEMPLATE\` (PRODUCER) for each site, in that the site's
\`process TEMPLATE\` (CONSUMER), and at the end \`asyndgan.update\` with a link to each \`process\` whose answer it uses. The context travels as W3C
\`traceparent\` and \`tracestate\`; what arrives is checked, and baggage is neither sent nor read. Spans of a phase are called \`asyndgan.PHASE\`:
`;

const PROBES = `## Probes and /metrics
One port answers \`/livez\`, \`/readyz\` (200, or 503 and one line of why) and \`/metrics\` (Prometheus text). Names at \`/metrics\` are those of the
table with underscores instead of points, counters end in \`_total\`, units stand in \`# UNIT\`. Every series has the label \`asyndgan_run\`.
`;

const LOGS = `## Logs
One JSON object a line on stderr: \`time\`, \`level\`, \`message\`, fields, and \`trace_id\` and \`span_id\` inside of a span. An error is
\`{"code", "message", "cause"}\`, with \`stack\` only where it is a fault in asyndgan. Arrays and buffers are named, never printed.
`;

/** The page docs/telemetry.md. */
export function renderReference(): string {
  return [
    INTRODUCTION,
    '## Environment',
    table(['Variable', 'Meaning'], named(ENVIRONMENT)),
    TRACES,
    table(['Phase', 'Meaning'], named(PHASES)),
    '## Attributes of spans and log records',
    table(
      ['Attribute', 'Meaning'],
      Object.values(ATTRIBUTES).map(({ name, description }) => [code(name), description]),
    ),
    'Spans of messages also have `messaging.operation.name`, `messaging.operation.type`, `messaging.destination.template` and\n`messaging.destination.name`, the subject.\n',
    '## Metrics',
    table(
      ['Metric', 'Kind', 'Unit', 'Attributes', 'Meaning'],
      Object.values(METRICS).map((metric) => [
        code(metric.name),
        metric.kind,
        code(metric.unit),
        metric.attributes.map(code).join(', '),
        metric.description,
      ]),
    ),
    `Bounds of the histograms, in seconds: ${SECONDS_BUCKETS.join(', ')}.\n`,
    PROBES,
    LOGS,
  ].join('\n');
}

const code = (text: string) => `\`${text}\``;

const named = (descriptions: Readonly<Record<string, string>>) =>
  Object.entries(descriptions).map(([name, description]) => [code(name), description]);

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `${[head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')}\n`;
}

/** `--write` renews the page; `--check` exits with 1 if it is not what the code says. */
async function main(option: string | undefined): Promise<number> {
  if (option === '--write') {
    await writeFile(FILE, renderReference());
    return 0;
  }
  if (option !== '--check') {
    console.error('usage: node services/telemetry/reference.ts --check|--write');
    return 2;
  }
  if ((await readFile(FILE, 'utf8').catch(() => '')) === renderReference()) return 0;
  console.error('docs/telemetry.md is not what the code says; run: node services/telemetry/reference.ts --write');
  return 1;
}

if (import.meta.main) process.exitCode = await main(process.argv[2]);
