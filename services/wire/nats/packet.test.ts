import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headers } from '@nats-io/nats-core';
import fc from 'fast-check';
import { MOST_HEADER_BYTES, type Packet, packetHeaders, readPacket } from './packet.ts';

const traceparent = `00-${'0af7651916cd43dd8448eb211c80319c'}-b7ad6b7169203331-01`;
const largest: Packet = {
  ...{ kind: 'request', id: `${'a'.repeat(32)}-${'9'.repeat(15)}`, attempt: Number.MAX_SAFE_INTEGER, floor: Number.MAX_SAFE_INTEGER },
  letter: { bytes: new Uint8Array(3), trace: { traceparent, tracestate: 'v'.repeat(512) } },
};

test('a packet comes back as it was, and its headers fit into the room that is left for them', () => {
  const fields = packetHeaders(largest);
  assert.deepEqual(readPacket({ headers: fields, data: largest.letter.bytes }), largest);
  const bytes = [...fields].reduce((sum, [name, values]) => sum + name.length + values.join().length + 4, 'NATS/1.0\r\n\r\n'.length);
  assert.ok(bytes < MOST_HEADER_BYTES, `${bytes} bytes`);
});

test('what no link has sent is no packet', () => {
  const data = new Uint8Array(0);
  assert.equal(readPacket({ data }), null);
  const cases: [string, string][] = [
    ['Asyndgan-Kind', 'gossip'],
    ['Asyndgan-Kind', ''],
    ['Asyndgan-Id', 'no number'],
    ['Asyndgan-Id', `${'a'.repeat(33)}-1`],
    ['Asyndgan-Id', ''],
    ['Asyndgan-Attempt', '1e300'],
    ['Asyndgan-Attempt', 'one'],
    ['Asyndgan-Floor', '1.5'],
  ];
  for (const [name, value] of cases) {
    const fields = packetHeaders(largest);
    fields.set(name, value);
    assert.equal(readPacket({ headers: fields, data }), null, `${name}: ${value}`);
  }
});

test('any header value ends in a packet with bounded text or in none, never in a throw', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('Asyndgan-Kind', 'Asyndgan-Id', 'Asyndgan-Attempt', 'traceparent', 'tracestate'),
      fc.string(),
      (name, value) => {
        const fields = headers();
        for (const [known, [first = '']] of packetHeaders(largest)) fields.set(known, first);
        fields.set(name, value.replace(/[\r\n]/g, ' '));
        const packet = readPacket({ headers: fields, data: new Uint8Array(0) });
        if (packet) assert.match(Object.values(packet.letter.trace).join(), /^[\x20-\x7e]{0,600}$/);
      },
    ),
  );
});
