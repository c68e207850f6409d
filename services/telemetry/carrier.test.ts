import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Carrier, readCarrier, writeCarrier } from './carrier.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const VALID = `00-${TRACE}-${SPAN}-01`;

const hex = (digits: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${digits}}$`)).filter((text) => !/^0*$/.test(text));

test('what is written is read again', () => {
  const parents = fc.record(
    {
      traceId: hex(32),
      spanId: hex(16),
      traceFlags: fc.constantFrom(0, 1),
      traceState: fc.constantFrom(undefined, 'vendor=value,other=1'),
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(parents, (parent) => assert.deepEqual(readCarrier(writeCarrier(parent)), parent)));
});

test("the example of W3C's recommendation is read", () => {
  const parent = { traceId: TRACE, spanId: SPAN, traceFlags: 1, traceState: 'rojo=00f067aa0ba902b7' };
  assert.deepEqual(readCarrier({ traceparent: VALID, tracestate: 'rojo=00f067aa0ba902b7' }), parent);
});

test('a traceparent that is not exactly right is not believed', () => {
  const wrong = [
    '',
    VALID.toUpperCase(),
    ` ${VALID}`,
    `${VALID}\n`,
    `${VALID}-more`,
    VALID.replace('00-', 'ff-'),
    VALID.replace(TRACE, '0'.repeat(32)),
    VALID.replace(SPAN, '0'.repeat(16)),
    VALID.replace(TRACE, TRACE.slice(1)),
    VALID.slice(0, -1),
    'x'.repeat(1_000_000),
  ];
  for (const traceparent of wrong) assert.equal(readCarrier({ traceparent }), undefined, traceparent.slice(0, 80));
  for (const traceparent of [7, null, [VALID], { toString: () => VALID }]) {
    assert.equal(readCarrier({ traceparent } as unknown as Carrier), undefined);
  }
});

test('a bad tracestate costs the tracestate alone', () => {
  for (const tracestate of ['a=\u0000', 'é', '', 'a='.padEnd(513, 'x')]) {
    assert.equal(readCarrier({ traceparent: VALID, tracestate })?.traceState, undefined);
    assert.equal(readCarrier({ traceparent: VALID, tracestate })?.traceId, TRACE);
  }
});

test('flags that are not defined are dropped, and nothing is thrown whatever arrives', () => {
  assert.equal(readCarrier({ traceparent: VALID.replace(/01$/, 'fe') })?.traceFlags, 0);
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.anything()), (carrier) => void readCarrier(carrier as Carrier)));
});
