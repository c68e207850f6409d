import { enrolSite, initFederation, listMembers, pushAccount, renew, renewServerCertificate, revoke } from '#identity';
import { HalfACertificateError } from '../errors.ts';

interface Place {
  /** folder of the federation */
  readonly dir: string;
}

export interface EnrollInitOptions extends Place {
  readonly name: string;
  readonly url: readonly string[];
  readonly leafPort: number;
  readonly expires?: string;
  readonly mtls?: boolean;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsCa?: string;
}

/** `asyndgan enroll init`. */
export async function enrollInit(options: EnrollInitOptions): Promise<void> {
  const { dir, name, url, leafPort, expires, mtls, tlsCert, tlsKey, tlsCa } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined) || (tlsCa !== undefined && tlsCert === undefined))
    throw new HalfACertificateError();
  const tls = tlsCert !== undefined && tlsKey !== undefined ? { certificate: tlsCert, key: tlsKey, authority: tlsCa } : undefined;
  const { addresses } = await initFederation(
    { directory: dir, name, urls: url, leafPort, expires, mutualTls: mtls ?? false, tls },
    new Date(),
  );
  console.log(`${dir}: the federation ${name} at ${addresses.servers.join(', ')}
  server/         start it here: nats-server -c nats-server.conf
  bundles/hub/    credentials of the hub
  bundles/system/ credentials that push revocations; they stay here
  keys/           sign credentials; they stay here
  offline/        the operator's key: move it to a safe place now, nothing here needs it
Admit a site with: asyndgan enroll site NAME --dir ${dir}`);
}

export interface EnrollSiteOptions extends Place {
  readonly run: readonly string[];
  readonly expires?: string;
  readonly out?: string;
}

/** `asyndgan enroll site NAME`. */
export async function enrollSite(name: string, { dir, run, expires, out }: EnrollSiteOptions): Promise<void> {
  const enrolled = await enrolSite({ directory: dir, name, runs: run, expires, folder: out }, new Date());
  console.log(
    `${enrolled.folder}: give this folder to ${name} over a safe way; its credentials hold until ${enrolled.expires.toISOString()}`,
  );
}

export interface EnrollRenewOptions extends Place {
  readonly expires?: string;
  readonly out?: string;
}

/** `asyndgan enroll renew NAME`. */
export async function enrollRenew(name: string, { dir, expires, out }: EnrollRenewOptions): Promise<void> {
  if (name === 'server') {
    await renewServerCertificate(dir);
    console.log(`${dir}/server has a new certificate: have nats-server reload it (SIGHUP)`);
    return;
  }
  const renewed = await renew({ directory: dir, name, expires, folder: out }, new Date());
  console.log(`${renewed.folder}: new credentials of ${name}, until ${renewed.expires.toISOString()}; the old ones hold until they expire`);
}

/** `asyndgan enroll revoke NAME`. */
export async function enrollRevoke(name: string, { dir, server }: Place & { readonly server?: string }): Promise<void> {
  const account = await revoke(dir, name, new Date());
  if (server === undefined) {
    console.log(
      `${name} is revoked in ${dir}/server/accounts.conf: restart the server, or repeat this with --server URL to disconnect it now`,
    );
    return;
  }
  await pushAccount(dir, server, account);
  console.log(`${name} is revoked, and disconnected from ${server}`);
}

/** `asyndgan enroll show`. */
export async function enrollShow({ dir }: Place): Promise<void> {
  const members = await listMembers(dir, new Date());
  const rows = members.map(({ name, role, runs, expires, state }) => [name, role, state, expires.toISOString(), runs.join(',')]);
  const table = [['NAME', 'ROLE', 'STATE', 'EXPIRES', 'RUNS'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
}
