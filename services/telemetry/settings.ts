import { TelemetrySettingError } from './errors.ts';

/** The environment variables that are followed: some here, those about requests by the exporters, the last two by NodeSDK. */
export const ENVIRONMENT = {
  OTEL_EXPORTER_OTLP_ENDPOINT:
    'where to send traces, metrics and logs, such as `http://collector:4318`; unset: nowhere. `--otlp` goes before it',
  OTEL_EXPORTER_OTLP_HEADERS: 'headers of each request, such as `authorization=Bearer%20...`',
  OTEL_EXPORTER_OTLP_TIMEOUT: 'milliseconds for one request with its repetitions; default 5000',
  OTEL_EXPORTER_OTLP_COMPRESSION: '`gzip` or `none`, the default',
  OTEL_EXPORTER_OTLP_CERTIFICATE:
    'file with the certificate authority of an https endpoint; `_CLIENT_CERTIFICATE` and `_CLIENT_KEY` for mTLS',
  OTEL_EXPORTER_OTLP_PROTOCOL: '`http/protobuf`, the only one here',
  OTEL_SERVICE_NAME: 'the name of the service; default: that of the command',
  OTEL_RESOURCE_ATTRIBUTES: 'more attributes of the process, such as `deployment.environment.name=test`',
  OTEL_TRACES_SAMPLER:
    '`always_on`, `always_off`, `traceidratio`, or one of them with `parentbased_` before it; default `parentbased_always_on`',
  OTEL_TRACES_SAMPLER_ARG: 'the share of traces that `traceidratio` keeps, 0 to 1; default 1',
  OTEL_METRIC_EXPORT_INTERVAL: 'milliseconds between two exports of the metrics; default 15000',
  OTEL_SDK_DISABLED: '`true`: as without an endpoint, and no metrics at `/metrics`',
  OTEL_LOG_LEVEL: '`error`, `warn`, `info` or `debug`: what OpenTelemetry says about itself on the console; unset: nothing',
  OTEL_SPAN_LINK_COUNT_LIMIT: "how many answers an update can link to; default 128. OpenTelemetry's other limits are followed as well",
} as const;

type Environment = Readonly<Record<string, string | undefined>>;
type Root = 'always_on' | 'always_off' | 'traceidratio';

const PARENT_BASED = 'parentbased_';
const ROOTS: readonly Root[] = ['always_on', 'always_off', 'traceidratio'];

export interface Sampling {
  readonly root: Root;
  /** whether the decision of a remote parent is followed */
  readonly parentBased: boolean;
  /** of traceidratio */
  readonly ratio: number;
}

export interface Settings {
  /** without a slash at its end; undefined: nothing is exported */
  readonly endpoint: string | undefined;
  readonly disabled: boolean;
  readonly sampling: Sampling;
  readonly timeoutMs: number;
  readonly metricIntervalMs: number;
}

/** What `endpoint` (of the command line) and the environment ask for. Throws TelemetrySettingError. */
export function readSettings(endpoint: string | undefined, environment: Environment): Settings {
  const env = (name: keyof typeof ENVIRONMENT) => environment[name]?.trim() || undefined;
  const disabled = env('OTEL_SDK_DISABLED')?.toLowerCase() === 'true';
  const protocol = env('OTEL_EXPORTER_OTLP_PROTOCOL') ?? 'http/protobuf';
  if (!disabled && protocol !== 'http/protobuf') {
    throw new TelemetrySettingError('OTEL_EXPORTER_OTLP_PROTOCOL', protocol, 'http/protobuf, with the port of OTLP over HTTP (4318)');
  }
  return {
    endpoint: endpoint ? url('--otlp', endpoint) : url('OTEL_EXPORTER_OTLP_ENDPOINT', env('OTEL_EXPORTER_OTLP_ENDPOINT')),
    disabled,
    sampling: sampling(env('OTEL_TRACES_SAMPLER') ?? 'parentbased_always_on', env('OTEL_TRACES_SAMPLER_ARG') ?? '1'),
    timeoutMs: milliseconds('OTEL_EXPORTER_OTLP_TIMEOUT', env('OTEL_EXPORTER_OTLP_TIMEOUT') ?? '5000'),
    metricIntervalMs: milliseconds('OTEL_METRIC_EXPORT_INTERVAL', env('OTEL_METRIC_EXPORT_INTERVAL') ?? '15000'),
  };
}

function url(setting: string, value: string | undefined): string | undefined {
  if (value === undefined) return undefined;
  const protocol = URL.parse(value)?.protocol;
  if (protocol !== 'http:' && protocol !== 'https:') throw new TelemetrySettingError(setting, value, 'a URL such as http://collector:4318');
  return value.replace(/\/+$/, '');
}

function sampling(sampler: string, ratio: string): Sampling {
  const parentBased = sampler.startsWith(PARENT_BASED);
  const root = ROOTS.find((name) => name === (parentBased ? sampler.slice(PARENT_BASED.length) : sampler));
  if (!root)
    throw new TelemetrySettingError('OTEL_TRACES_SAMPLER', sampler, `one of ${ROOTS.join(', ')}, or ${PARENT_BASED} and one of them`);
  const share = Number(ratio);
  if (!(share >= 0 && share <= 1)) throw new TelemetrySettingError('OTEL_TRACES_SAMPLER_ARG', ratio, 'a number from 0 to 1');
  return { root, parentBased, ratio: share };
}

function milliseconds(setting: string, value: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1 && number <= 3_600_000) return number;
  throw new TelemetrySettingError(setting, value, 'whole milliseconds, from 1 to 3600000');
}
