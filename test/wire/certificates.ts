import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

/** For a test's `skip`: why there can be no certificates, or false. */
export const WITHOUT_OPENSSL: string | false = spawnSync('openssl', ['version']).status !== 0 && 'no openssl command';

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A private authority, and certificates for 127.0.0.1 and localhost that it has signed. */
export function anAuthority(t: TestContext): { caFile: string; sign(name: string): Certificate } {
  const folder = mkdtempSync(path.join(tmpdir(), 'tls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (name: string) => path.join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...newKey, '-keyout', file('ca.key'), '-out', file('ca.pem'), '-subj', '/CN=test authority');
  writeFileSync(file('names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
  return {
    caFile: file('ca.pem'),
    sign: (name) => {
      const [certFile, keyFile, request] = [file(`${name}.pem`), file(`${name}.key`), file(`${name}.csr`)];
      openssl('req', ...newKey, '-keyout', keyFile, '-out', request, '-subj', `/CN=${name}`);
      const authority = ['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial', '-days', '2'];
      openssl('x509', '-req', '-in', request, '-out', certFile, ...authority, '-extfile', file('names'));
      return { certFile, keyFile };
    },
  };
}
