import { Random } from '#nn';
import type { Conditions, Hello } from '#wire';

/*
 * Builders for tests: what the sites of a small run (test/a-small-run.ts) say and send.
 */

const SIZE = 16;

/** Label maps of a site, no two of them alike under any turn. */
export function someConditions(site: string, count: number, size = SIZE): Conditions {
  const random = new Random('maps', site);
  return {
    size,
    maps: Array.from({ length: count }, (_, i) => ({
      key: `${site}-${i}`,
      classes: Uint8Array.from({ length: size * size }, () => random.integer(3)),
    })),
  };
}

export function aHello(site: string, change: Omit<Partial<Hello>, 'manifest'> & { manifest?: Partial<Hello['manifest']> } = {}): Hello {
  return {
    site,
    codecs: { images: ['Float32'], feedback: ['Float32'] },
    policyDigest: '00ff',
    snapshots: [],
    hubEpoch: 0,
    ...change,
    manifest: { count: 3, size: SIZE, channels: 3, classes: 3, labels: 'Instances', testCount: 0, ...change.manifest },
  };
}
