import { context, type Logger, SeverityNumber, trace } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { BatchLogRecordProcessor, type LogRecordProcessor } from '@opentelemetry/sdk-logs';
import { errorCode, exported } from '../attributes.ts';
import type { LogSink } from '../logger.ts';
import type { Delivery } from './delivery.ts';

const SEVERITY = { debug: SeverityNumber.DEBUG, info: SeverityNumber.INFO, warn: SeverityNumber.WARN, error: SeverityNumber.ERROR };

/** Log records over OTLP. What a collector is too slow for is dropped beyond 2048 records. */
export function logsTo(delivery: Delivery): LogRecordProcessor {
  return new BatchLogRecordProcessor({ exporter: delivery.watched('logs', new OTLPLogExporter(delivery.optionsOf('logs'))) });
}

/** Message, the fields that may leave, and an error's code; its message stays in the process's own log. */
export function logSink(logger: Logger): LogSink {
  return {
    ids: () => trace.getSpanContext(context.active()),
    forward: ({ time, level, message, fields }) =>
      logger.emit({
        timestamp: time,
        severityNumber: SEVERITY[level],
        severityText: level,
        body: message,
        attributes: exported({ ...fields, ...(fields['error'] && { code: errorCode(fields['error']) }) }),
      }),
  };
}
