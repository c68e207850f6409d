import type { Experiment } from './schema.ts';

/** What a sound experiment asks for that this release cannot run yet, a sentence each; empty if it can be run. */
export function unsupported({ spec: { training, release } }: Experiment): string[] {
  const found: string[] = [];
  if (training.schedule.mode !== 'Synchronous') {
    found.push(`spec.training.schedule.mode: ${training.schedule.mode} comes with a later release; use Synchronous`);
  }
  if (training.mixture === 'Forgiving' || training.mixture === 'Odds') {
    found.push(`spec.training.mixture: ${training.mixture} comes with a later release; use SiteSize or Uniform`);
  }
  if (release.gates) found.push('spec.release.gates: a verdict on the release comes with a later release; remove them');
  return found;
}
