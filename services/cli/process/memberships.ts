import type { Experiment } from '#experiment';
import type { MembershipEvent } from '#generator';
import type { LogLevel } from '#telemetry';
import type { Report } from './thread.ts';

const LEVELS: Record<MembershipEvent['kind'], LogLevel> = {
  'epoch-raised': 'warn',
  joined: 'info',
  lost: 'warn',
  left: 'info',
  dropped: 'warn',
  'rolled-back': 'warn',
  'quorum-lost': 'warn',
  'quorum-returned': 'info',
};

/** Reports what happens to the membership: as a line of the log, in the metrics and to /readyz. */
export function memberships({ spec }: Experiment, report: (report: Report) => void): (event: MembershipEvent) => void {
  const { minSites } = spec.membership;
  report({ kind: 'ready', problem: `waiting for the sites: ${minSites} of ${spec.sites.length} are needed` });
  return ({ kind, epoch, iteration, present, desired, site, from, to, reason }) => {
    report({
      kind: 'log',
      level: LEVELS[kind],
      message: `membership: ${kind}`,
      fields: { site, epoch, iteration, present, desired, from, to, reason },
    });
    report({ kind: 'measured', metric: 'sitesPresent', value: present });
    report({ kind: 'measured', metric: 'sitesDesired', value: desired });
    report({ kind: 'measured', metric: 'hubEpoch', value: epoch });
    if (kind === 'rolled-back') report({ kind: 'measured', metric: 'rollbacks', value: 1 });
    if (kind === 'quorum-lost') report({ kind: 'ready', problem: `only ${present} of ${minSites} sites are there` });
    if (kind === 'quorum-returned') report({ kind: 'ready', problem: null });
  };
}
