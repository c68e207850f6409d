import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { requireNats } from './nats-address.ts';

test('one of several addresses that answers is enough, with or without a scheme', async (t) => {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  await requireNats(`nats://127.0.0.1:1, nats://127.0.0.1:${port}`);
  await requireNats(`127.0.0.1:${port}`);
});

test('addresses of which none answers, and what is no address, are refused', async () => {
  for (const nats of ['nats://127.0.0.1:1', 'nats://', '127.0.0.1:1,tls://127.0.0.1:1'])
    await assert.rejects(requireNats(nats), { code: 'CLI_NO_NATS_SERVER', exitCode: 2, message: /no server answers there/ });
});
