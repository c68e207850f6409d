import { stringify } from 'yaml';

/** An experiment's YAML for tests: one site, all else by default, with the given parts of the spec in place. */
export function anExperiment(spec: Record<string, unknown> = {}): string {
  return stringify({
    apiVersion: 'asyndgan.io/v1alpha1',
    kind: 'AsynDGANExperiment',
    metadata: { name: 'test' },
    spec: { sites: [aSite('a')], ...spec },
  });
}

export function aSite(name: string): Record<string, unknown> {
  return { name, dataset: { path: `data/${name}` } };
}
