import type { Logger } from '#telemetry';
import type { NatsLinkOptions } from '#wire';
import type { ProcessSettings } from './settings.ts';

/** The connections of a process, as its settings want them. */
export function natsOptions(
  { servers, credentials, tls }: ProcessSettings,
  run: string,
  logger: Logger,
  reconnected: () => void,
): NatsLinkOptions {
  const files = {
    ...(tls.ca !== null && { caFile: tls.ca }),
    ...(tls.cert !== null && { certFile: tls.cert }),
    ...(tls.key !== null && { keyFile: tls.key }),
  };
  return {
    run,
    servers,
    ...(credentials !== null && { credentialsFile: credentials }),
    ...(Object.keys(files).length > 0 && { tls: files }),
    onStatus: ({ line, event, detail }) => {
      if (event === 'reconnected') reconnected();
      logger[event === 'reconnected' ? 'info' : 'warn'](`NATS connection ${event}`, { line, detail });
    },
  };
}
