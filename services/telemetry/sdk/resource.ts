import { randomUUID } from 'node:crypto';
import {
  defaultResource,
  detectResources,
  type Resource,
  resourceAttributesEnvDetector,
  resourceFromAttributes,
  serviceNameEnvDetector,
} from '@opentelemetry/resources';
import {
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_SERVICE_NAME,
  ATTR_SERVICE_NAMESPACE,
  ATTR_SERVICE_VERSION,
} from '@opentelemetry/semantic-conventions';
import { ATTRIBUTES } from '../attributes.ts';
import type { TelemetryOptions } from '../telemetry.ts';

/** Who a process says it is. Host, user and command line are left out: at a hospital they are nobody else's business. */
export function resourceOf({ service, version, run, site, role, instance = randomUUID() }: TelemetryOptions): Resource {
  const own = resourceFromAttributes({
    [ATTR_SERVICE_NAMESPACE]: 'asyndgan',
    [ATTR_SERVICE_NAME]: service,
    [ATTR_SERVICE_VERSION]: version,
    [ATTR_SERVICE_INSTANCE_ID]: instance,
    'asyndgan.thread': role,
    [ATTRIBUTES.run.name]: run,
    [ATTRIBUTES.site.name]: site,
  });
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [resourceAttributesEnvDetector, serviceNameEnvDetector] }));
}
