import { newScopedSigner, type SigningKey } from '@nats-io/jwt';
import { hubPermissions, type Permissions, sitePermissions } from '#wire';
import { systemPermissions } from './permissions.ts';
import type { Role } from './register.ts';
import { MAX_PAYLOAD_BYTES } from './server-config.ts';

/** The account that a role's users belong to. */
export type AccountName = 'train' | 'system';

interface RoleRule {
  readonly account: AccountName;
  readonly permissions: Permissions;
  readonly connections: ('STANDARD' | 'WEBSOCKET' | 'LEAFNODE' | 'LEAFNODE_WS')[];
  /** most subscriptions of a connection; -1: any number */
  readonly subscriptions: number;
  /** of its credentials, where nobody says otherwise */
  readonly lifetime: string;
}

/** Templates that the server fills in from the tags of a user's JWT. */
const RUN = '{{tag(run)}}';
const SITE = '{{tag(site)}}';

export const ROLES: Readonly<Record<Role, RoleRule>> = {
  hub: { account: 'train', permissions: hubPermissions(RUN), connections: ['STANDARD', 'WEBSOCKET'], subscriptions: -1, lifetime: '365d' },
  site: {
    account: 'train',
    permissions: sitePermissions(RUN, SITE),
    connections: ['STANDARD', 'WEBSOCKET', 'LEAFNODE', 'LEAFNODE_WS'],
    subscriptions: 64,
    lifetime: '30d',
  },
  system: { account: 'system', permissions: systemPermissions(), connections: ['STANDARD'], subscriptions: 4, lifetime: '365d' },
};

/** The role as it stands in the account's JWT: whatever `signer` signs is confined to it, so a stolen site key makes no hub. */
export function scopeOf(role: Role, signer: string): SigningKey {
  const { permissions, connections, subscriptions } = ROLES[role];
  return newScopedSigner(signer, role, {
    pub: { allow: [...permissions.publish] },
    sub: { allow: [...permissions.subscribe] },
    allowed_connection_types: connections,
    subs: subscriptions,
    data: -1,
    payload: MAX_PAYLOAD_BYTES,
  });
}

/** Tags that fill in the role's templates. */
export function tagsOf(role: Role, name: string, runs: readonly string[]): string[] {
  const ofRuns = runs.map((run) => `run:${run}`);
  return role === 'site' ? [`site:${name}`, ...ofRuns] : role === 'hub' ? ofRuns : [];
}
