import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aFeedback, aWork } from './a-federation.ts';
import { packEnvelope } from './envelope.ts';
import { inspectEnvelope } from './inspect.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import { PROTOCOL } from './messages.ts';
import { jsonSection } from './sections.ts';
import { feedbackDraft } from './training.ts';

const FRAME = { protocol: PROTOCOL, run: 'nuclei', site: 'hospital-a', epoch: 7 };
const bytes = packEnvelope(FRAME, feedbackDraft(aFeedback(aWork(3)), 'Float16', Math.random), DEFAULT_LIMITS);

test('says whose message it is, what it says and what its tensors hold', () => {
  const { tensors, ...rest } = inspectEnvelope(bytes);
  assert.deepEqual(rest, {
    type: 'feedback',
    ...FRAME,
    bytes: bytes.length,
    fields: { iteration: 3, generatorVersion: 3, losses: { discriminator: 1.25, generator: -0.5 }, seconds: 0.25, snapshotTaken: false },
  });
  const [gradient] = tensors;
  assert.deepEqual([gradient?.name, gradient?.shape, gradient?.encoding], ['gradient', [2, 8, 8, 3], 'Float16']);
  const { min, max, mean } = gradient!.values!;
  assert.ok(min < -7e-5 && min > -1e-4 && max > 7e-5 && max < 1e-4 && Math.abs(mean) < 2e-5);
  assert.equal(gradient?.ratio, (384 * 4) / gradient!.bytes);
});

test('describes a damaged tensor with its problem', () => {
  const damaged = bytes.with(bytes.length - 1, bytes.at(-1)! ^ 1);
  const [gradient] = inspectEnvelope(damaged).tensors;
  assert.match(gradient!.problem!, /^WIRE_CRC: /);
  assert.equal(gradient!.values, undefined);
});

test('describes JSON without values; refuses what is no envelope', () => {
  const welcome = {
    type: 'welcome',
    siteIndex: 0,
    codecs: { images: 'UInt8', feedback: 'Int8' },
  } as const;
  const packed = packEnvelope(FRAME, { fields: welcome, sections: [jsonSection('experiment', { a: 1 })] }, DEFAULT_LIMITS);
  assert.equal(inspectEnvelope(packed).tensors[0]!.values, undefined);
  assert.throws(() => inspectEnvelope(new TextEncoder().encode('PK a zip file, say')), { name: /Wire/ });
});
