/** The thread of the hub that trains, for the tests: it has the iteration, the main thread has the messages. */
import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { type Carrier, startTelemetry } from '#telemetry';

const port = parentPort!;
const telemetry = await startTelemetry({ ...workerData, role: 'worker', warn: (message) => console.error(message) });
await telemetry.tracing.iterationSpan(7, async () => {
  const replies = await telemetry.tracing.phase('exchange', async () => {
    port.postMessage(telemetry.tracing.carrier());
    return (await once(port, 'message'))[0] as Carrier[];
  });
  telemetry.tracing.phase('update', () => {}, replies);
});
await telemetry.shutdown();
