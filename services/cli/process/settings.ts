import { LOG_LEVELS, type LogLevel } from '#telemetry';
import { SettingError } from '../errors.ts';

/** What a pod is told by its environment, beside the experiment file; docs/processes.md shows this table. */
export const SETTINGS = {
  ASYNDGAN_NATS_URL: 'NATS servers, comma-separated: nats://, tls:// or wss://. Default nats://127.0.0.1:4222',
  ASYNDGAN_NATS_CREDENTIALS: 'Credentials file of `asyndgan enroll`, read again at every reconnect. Default: none',
  ASYNDGAN_NATS_CA: 'PEM file of the authority that signed the server certificate. Default: those of the system',
  ASYNDGAN_NATS_CERT: 'PEM file of the client certificate, where the server asks for one (mTLS)',
  ASYNDGAN_NATS_KEY: 'PEM file of its key',
  ASYNDGAN_RUN: 'Name of the run in subjects, [a-z0-9-]. Default: metadata.name of the experiment',
  ASYNDGAN_STATE:
    'Folder of checkpoints, snapshots and, at the hub, results; a process that starts anew goes on from it. Default: out/<run>',
  ASYNDGAN_DATA: "Folder that a site's dataset.path is relative to. Default: the folder of the experiment file",
  ASYNDGAN_THREADS: 'Processor cores to use. Default: all',
  ASYNDGAN_SHARDS:
    'Slices of a batch that are computed side by side; part of what makes results the same bit for bit. Default: the threads',
  ASYNDGAN_HTTP_PORT: 'Port of /livez, /readyz and /metrics; 0 for a free one, -1 for none. Default 8080',
  ASYNDGAN_HTTP_HOST: 'Address that it listens on. Default 0.0.0.0',
  ASYNDGAN_GRACE_SECONDS:
    'Time to keep the state after SIGTERM before the process ends all the same; below terminationGracePeriodSeconds. Default 25',
  ASYNDGAN_LOG_FORMAT: 'json, one object a line, or text. Default json, text on a terminal',
  ASYNDGAN_LOG_LEVEL: 'debug, info, warn or error. Default info',
} as const;

export interface ProcessSettings {
  readonly servers: readonly string[];
  readonly credentials: string | null;
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
  readonly run: string | null;
  readonly state: string | null;
  readonly data: string | null;
  readonly threads: number | null;
  readonly shards: number | null;
  /** Null: no probes. */
  readonly http: { readonly port: number; readonly host: string } | null;
  readonly graceSeconds: number;
  readonly logFormat: (typeof FORMATS)[number] | null;
  readonly logLevel: LogLevel;
}

const FORMATS = ['json', 'text'] as const;

/** Throws SettingError. */
export function readSettings(env: Readonly<Record<string, string | undefined>>): ProcessSettings {
  const text = (name: keyof typeof SETTINGS): string | null => env[name] || null;
  const whole = (name: keyof typeof SETTINGS, from: number, to: number): number | null => {
    const value = text(name);
    if (value === null) return null;
    const number = Number(value);
    if (!Number.isInteger(number) || number < from || number > to)
      throw new SettingError(name, value, `a whole number from ${from} to ${to}`);
    return number;
  };
  const oneOf = <T extends string>(name: keyof typeof SETTINGS, choices: readonly T[]): T | null => {
    const value = text(name);
    const chosen = choices.find((choice) => choice === value) ?? null;
    if (value !== null && chosen === null) throw new SettingError(name, value, choices.join(' or '));
    return chosen;
  };
  const run = text('ASYNDGAN_RUN');
  if (run !== null && !/^[a-z0-9-]{1,63}$/.test(run)) throw new SettingError('ASYNDGAN_RUN', run, '1 to 63 of a-z, 0-9 and -');
  const port = whole('ASYNDGAN_HTTP_PORT', -1, 65_535) ?? 8080;
  const [cert, key] = [text('ASYNDGAN_NATS_CERT'), text('ASYNDGAN_NATS_KEY')];
  if ((cert === null) !== (key === null))
    throw new SettingError('ASYNDGAN_NATS_CERT', cert ?? '', 'a file, together with ASYNDGAN_NATS_KEY');
  return {
    servers: (text('ASYNDGAN_NATS_URL') ?? 'nats://127.0.0.1:4222').split(',').map((server) => server.trim()),
    credentials: text('ASYNDGAN_NATS_CREDENTIALS'),
    tls: { ca: text('ASYNDGAN_NATS_CA'), cert, key },
    run,
    state: text('ASYNDGAN_STATE'),
    data: text('ASYNDGAN_DATA'),
    threads: whole('ASYNDGAN_THREADS', 1, 1024),
    shards: whole('ASYNDGAN_SHARDS', 1, 1024),
    http: port < 0 ? null : { port, host: text('ASYNDGAN_HTTP_HOST') ?? '0.0.0.0' },
    graceSeconds: whole('ASYNDGAN_GRACE_SECONDS', 1, 3600) ?? 25,
    logFormat: oneOf('ASYNDGAN_LOG_FORMAT', FORMATS),
    logLevel: oneOf('ASYNDGAN_LOG_LEVEL', LOG_LEVELS) ?? 'info',
  };
}
