import { type LogFields, type LoggedValue, type LogValue, logged } from './log-record.ts';
import type { SpanIds } from './tracing.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes lines. A message is a constant sentence: what varies is a field, and an error is the field `error`. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger whose lines have these fields, too. */
  with(fields: LogFields): Logger;
}

export interface LogRecord {
  /** ms since 1970 */
  readonly time: number;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** Telemetry as the logger sees it: which span a line belongs to, and where else lines go. */
export interface LogSink {
  ids(): SpanIds | undefined;
  forward(record: LogRecord): void;
}

export interface LoggerOptions {
  /** lines below it are dropped */
  readonly level: LogLevel;
  /** takes a line without its end */
  readonly write: (line: string) => void;
  /** json: one object a line, for machines; text: for a terminal */
  readonly format: 'json' | 'text';
  /** of every line: service, run, site */
  readonly fields?: LogFields;
  /** default: no trace ids, lines are written only */
  readonly sink?: LogSink;
  /** ms since 1970 */
  readonly now?: () => number;
}

/**
 * A logger that writes `{"time", "level", "message", ...fields, "trace_id", "span_id"}` or, as text, `10:20:30 info  message  field=value`.
 *
 *     const logger = createLogger({ level: 'info', format: 'json', write: console.error, sink: telemetry.logs });
 *     logger.warn('the site answered late', { site: 'a', iteration: 7, seconds: 2.5 });
 */
export function createLogger(options: LoggerOptions): Logger {
  const { level, write, format, fields: common = {}, sink = NO_SINK, now = Date.now } = options;
  const layout = format === 'json' ? asJson : asText;
  const lowest = LOG_LEVELS.indexOf(level);
  const at = (own: LogLevel) => {
    if (LOG_LEVELS.indexOf(own) < lowest) return () => {};
    return (message: string, fields: LogFields = {}) => {
      const record = { time: now(), level: own, message, fields: { ...common, ...fields } };
      write(layout(record, sink.ids()));
      sink.forward(record);
    };
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    with: (fields) => createLogger({ ...options, fields: { ...common, ...fields } }),
  };
}

/** Logs nowhere but in the process itself. */
export const NO_SINK: LogSink = { ids: () => undefined, forward: () => {} };

function asJson({ time, level, message, fields }: LogRecord, ids: SpanIds | undefined): string {
  const own = { time: new Date(time).toISOString(), level, message };
  const line = { ...own, ...mapped(fields), ...(ids && { trace_id: ids.traceId, span_id: ids.spanId }) };
  return JSON.stringify({ ...line, ...own }); // a field cannot pass for the time, the level or the message
}

function asText({ time, level, message, fields }: LogRecord): string {
  const pairs = Object.entries(mapped(fields)).flatMap(([name, value]) => (value === undefined ? [] : `${name}=${inText(value)}`));
  return [new Date(time).toISOString().slice(11, 19), level.padEnd(5), printable(message), ...pairs].join(' ').trimEnd();
}

function mapped(fields: LogFields): Record<string, LoggedValue> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]: [string, LogValue]) => [name, logged(value)]));
}

function inText(value: LoggedValue): string {
  if (typeof value === 'object' && value !== null) {
    const { code, message, stack, cause } = value;
    return `${code} (${printable(message)})${cause ? ` because of ${inText(cause)}` : ''}${stack ? `\n${stack}` : ''}`;
  }
  const text = String(value);
  return printable(/[\s"=]/.test(text) ? JSON.stringify(text) : text);
}

/** Text of others must not steer the terminal or look like another line. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
