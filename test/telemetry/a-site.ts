/** A site in a process of its own, for the tests: `node a-site.ts NAME`, messages over IPC instead of NATS. */
import { type Carrier, createLogger, startTelemetry } from '#telemetry';

const site = process.argv[2]!;
const telemetry = await startTelemetry({
  service: 'asyndgan-discriminator',
  version: '0.0.0',
  run: 'r1',
  site,
  role: 'main',
  warn: (message) => console.error(message),
});
const logger = createLogger({ level: 'info', format: 'json', write: () => {}, fields: { site }, sink: telemetry.logs });

process.on('message', async ({ subject, trace }: { subject: string; trace: Carrier }) => {
  await telemetry.tracing.processSpan('asyndgan.v1.{run}.work.{site}.{iter}', subject, trace, async (reply) => {
    await telemetry.tracing.phase('discriminator', async () => logger.info('one step', { iteration: 7, file: 'jane-doe.png' }));
    process.send?.({ trace: reply });
  });
});
process.on('disconnect', () => void telemetry.shutdown());
