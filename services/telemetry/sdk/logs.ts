import { ROOT_CONTEXT, SeverityNumber, trace } from '@opentelemetry/api';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import { errorCode, exported } from '../attributes.ts';
import type { LogSink } from '../logger.ts';
import type { Tracing } from '../tracing.ts';
import type { Delivery } from './delivery.ts';
import type { Scope } from './resource.ts';

const SEVERITY = { debug: SeverityNumber.DEBUG, info: SeverityNumber.INFO, warn: SeverityNumber.WARN, error: SeverityNumber.ERROR };

/** Log records over OTLP: message, the fields that may leave, and an error's code; its message stays in the process's own log. */
export function startLogs({ resource, name, version }: Scope, delivery: Delivery, tracing: Tracing) {
  const exporter = delivery.watched('logs', new OTLPLogExporter(delivery.optionsOf('logs')));
  const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] });
  const logger = provider.getLogger(name, version);
  const sink: LogSink = {
    ids: () => tracing.ids(),
    forward: ({ time, level, message, fields }) => {
      const ids = tracing.ids();
      logger.emit({
        timestamp: time,
        severityNumber: SEVERITY[level],
        severityText: level,
        body: message,
        attributes: exported({ ...fields, ...(fields['error'] && { code: errorCode(fields['error']) }) }),
        context: ids ? trace.setSpanContext(ROOT_CONTEXT, ids) : ROOT_CONTEXT,
      });
    },
  };
  return { sink, shutdown: () => provider.shutdown() };
}
