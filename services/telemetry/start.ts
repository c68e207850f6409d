import { readSettings } from './settings.ts';
import { NO_TELEMETRY, type Telemetry, type TelemetryOptions } from './telemetry.ts';

/**
 * Starts telemetry for this thread as the options and the environment (docs/telemetry.md) say. When nothing is asked for, nothing of
 * OpenTelemetry is loaded. Throws TelemetrySettingError; TelemetryStartedError where telemetry runs already and was not shut down.
 *
 *     const telemetry = await startTelemetry({ service: 'asyndgan-generator', version, run, role: 'main', otlpEndpoint, warn });
 *     await telemetry.tracing.iterationSpan(7, () => hub.iterate(7));
 *     await telemetry.shutdown();
 */
export async function startTelemetry(options: TelemetryOptions): Promise<Telemetry> {
  const settings = readSettings(options.otlpEndpoint, process.env);
  const isScraped = options.role === 'main' && options.prometheus === true;
  if (settings.disabled || (!settings.endpoint && !isScraped)) return NO_TELEMETRY;
  const { startSdk } = await import('./sdk/index.ts');
  return startSdk(options, settings);
}
