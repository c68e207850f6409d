import { GeometryMismatchError } from './errors.ts';
import type { Dataset } from './types.ts';

/** All sites of an experiment have the same image geometry and labels. @throws GeometryMismatchError naming the sites that differ */
export function checkSameGeometry(datasets: readonly Pick<Dataset, 'site' | 'image' | 'labels'>[]): void {
  const differences = ASPECTS.flatMap(({ name, of }) => {
    const sites = Map.groupBy(datasets, of);
    if (sites.size <= 1) return [];
    const groups = [...sites].map(([value, members]) => `${value} at ${members.map(({ site }) => site).join(', ')}`);
    return [`${name} ${groups.join(' and ')}`];
  });
  if (differences.length > 0) throw new GeometryMismatchError(differences);
}

const ASPECTS: readonly { name: string; of: (dataset: Pick<Dataset, 'image' | 'labels'>) => string }[] = [
  { name: 'image size', of: ({ image }) => `${image.size}x${image.size}` },
  { name: 'image channels', of: ({ image }) => String(image.channels) },
  { name: 'labels', of: ({ labels }) => `${labels.kind} (${labels.classes} classes)` },
];
