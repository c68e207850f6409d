import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, NATS_SERVERS, startConfigured, WITHOUT_NATS } from '../wire/nats-server.ts';
import { aParty, asyndgan, aTrial, hubCheckpoint, outOf, SITES, type Trial, undisturbed } from './a-federation.ts';

/** A federation as the platform team makes it, its server running: who holds a bundle can take part. */
async function enrolled(trial: Trial): Promise<(member: string) => { server: string; env: Record<string, string> }> {
  const dir = join(trial.folder, 'federation');
  const [port, leafPort] = [await freePort(), await freePort()];
  const enroll = async (...args: string[]) => {
    const { code, stderr } = await asyndgan(trial, ['enroll', ...args, '--dir', dir]).ended;
    assert.equal(code, 0, stderr);
  };
  await enroll('init', '--url', `tls://localhost:${port}`, '--leaf-port', String(leafPort));
  for (const site of SITES) await enroll('site', site, '--run', 'small', '--expires', '1h');
  await startConfigured(trial.after, NATS_SERVERS[0].binary, join(dir, 'server'), 'nats-server.conf');
  return (member) => {
    const bundle = join(dir, 'bundles', member);
    const { servers, credentials, ca } = JSON.parse(readFileSync(join(bundle, 'connection.json'), 'utf8'));
    return {
      server: servers[0],
      env: { ASYNDGAN_NATS_CREDENTIALS: join(bundle, credentials), ASYNDGAN_NATS_CA: join(bundle, ca) },
    };
  };
}

test('a federation with TLS and the credentials of enroll ends in the same weights; a site with those of another is refused', {
  skip: WITHOUT_NATS,
}, async (t) => {
  const trial = await aTrial(t);
  const expected = await undisturbed(trial);
  const bundle = await enrolled(trial);
  const start = (name: 'hub' | (typeof SITES)[number], holding: string = name) => {
    const { server, env } = bundle(holding);
    return aParty(trial, name, server, env);
  };

  const impostor = await start('north', 'south').ended;
  assert.equal(impostor.code, 2, impostor.stderr);
  assert.match(impostor.stderr, /"message":"the NATS credentials do not allow .*asyndgan\.v1\.small\.\S*north.*another site, run or role"/);

  const parties = (['hub', ...SITES] as const).map((name) => start(name));
  for (const { code, stderr } of await Promise.all(parties.map(({ ended }) => ended))) assert.equal(code, 0, stderr);
  assert.deepEqual(await hubCheckpoint(outOf(trial)), expected);
});
