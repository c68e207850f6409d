import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse as parseYaml, stringify } from 'yaml';
import { anExperiment } from './an-experiment.ts';
import {
  ExperimentDocumentsError,
  ExperimentEmptyError,
  ExperimentError,
  ExperimentInvalidError,
  ExperimentSyntaxError,
} from './errors.ts';
import { experimentField, fieldsBelow } from './fields.ts';
import { parseExperiment } from './parse.ts';

test('a minimal experiment gets every default', () => {
  const { metadata, spec } = parseExperiment(anExperiment(), 'x.yaml');
  assert.equal(metadata.namespace, 'asyndgan');
  assert.equal(spec.training.iterations, 400);
  assert.deepEqual(spec.training.schedule, { mode: 'Synchronous', maxStaleness: 1 });
  assert.deepEqual(spec.model.labels, { kind: 'Instances', classes: 3 });
  assert.deepEqual(spec.wire, { images: 'UInt8', feedback: 'Float16' });
  assert.deepEqual(spec.sites, [
    { name: 'a', dataset: { path: 'data/a', format: 'Folder', fit: 'Exact', contrast: 'Stretch' }, gpus: 0, masks: 'Shared' },
  ]);
});

test('writing the defaults out changes nothing', () => {
  const experiment = parseExperiment(anExperiment(), 'x.yaml');
  assert.deepEqual(parseExperiment(stringify(experiment), 'x.yaml'), experiment);
});

test('0 turns off what can be turned off', () => {
  const off = { model: { generator: { latentChannels: 0, noiseChannels: 0 } }, training: { averaging: 0 } };
  const { spec } = parseExperiment(anExperiment(off), 'x.yaml');
  assert.deepEqual([spec.model.generator.latentChannels, spec.model.generator.noiseChannels, spec.training.averaging], [0, 0, 0]);
});

test('all bad fields are told at once, each with its place and what it may be', () => {
  const text = `apiVersion: asyndgan.io/v1
kind: AsynDGANExperiment
metadata: {name: Nuclei}
spec:
  model:
    image: {size: 130, chanels: 3}
    generator: {architecture: resnet}
    discriminator: 5
  training:
    iterations: 1e99
    batchSize: .nan
    seed: "7"
    spectralNorm: true
    optimizer: {beta1: }
    averaging: -.inf
  sites:
  - {name: a}
  - name: b
    dataset: {path: "x\\ny", format: folder}
`;
  assert.deepEqual(problemsOf(text), [
    '1:1 apiVersion is "asyndgan.io/v1"; expected asyndgan.io/v1alpha1',
    '3:12 metadata.name is "Nuclei"; expected text: 1 to 40 lower-case letters, digits and inner hyphens',
    '6:13 spec.model.image.size is 130; expected a whole number, 16 to 1024, a multiple of 4',
    '6:24 spec.model.image.chanels is not a field; did you mean channels?',
    '7:17 spec.model.generator.architecture is "resnet"; expected ResNet',
    '8:5 spec.model.discriminator is 5; expected a mapping with architecture, filters, layers, spectralNorm, norm',
    '10:5 spec.training.iterations is 1e+99; expected a whole number, 1 to 10000000',
    '11:5 spec.training.batchSize is NaN; expected a whole number, 1 to 256',
    '12:5 spec.training.seed is "7"; expected a whole number, 0 to 2147483647',
    '13:5 spec.training.spectralNorm is not a field; did you mean spec.model.discriminator.spectralNorm?',
    '14:17 spec.training.optimizer.beta1 is empty; expected a number, 0 to 0.9999',
    '15:5 spec.training.averaging is -Infinity; expected a number, 0 to 0.99999',
    '17:5 spec.sites[0].dataset is missing; expected a mapping with claimName, path, format, fit, contrast',
    '19:15 spec.sites[1].dataset.path is "x\\ny"; expected text: 1 to 1024 characters on one line',
    '19:29 spec.sites[1].dataset.format is "folder"; expected one of Folder, BraTS, NucleiHDF5, NIfTI, DICOM; did you mean Folder?',
  ]);
});

test('one problem is one line that begins with file, line and column', () => {
  const text = anExperiment({ suspend: 'yes' });
  assert.throws(() => parseExperiment(text, 'x.yaml'), {
    name: 'ExperimentInvalidError',
    code: 'EXPERIMENT_INVALID',
    exitCode: 2,
    message: 'x.yaml:10:3: spec.suspend is "yes"; expected true or false',
  });
});

test('a message stays readable for a file full of mistakes', () => {
  const strange = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${'x'.repeat(300)}${i}`, 1]));
  const error = errorOf(anExperiment(strange));
  assert.match(error.message, /has 500 problems/);
  assert.match(error.message, /and 450 more$/);
  assert.ok(error.message.length < 25_000);
});

test('names of JavaScript are not fields', () => {
  assert.deepEqual(problemsOf(`${anExperiment()}__proto__: {suspend: true}\nconstructor: {}\n`), [
    '10:1 __proto__ is not a field; the fields here are apiVersion, kind, metadata, spec',
    '11:1 constructor is not a field; the fields here are apiVersion, kind, metadata, spec',
  ]);
});

test('lists and maps have bounds', () => {
  const labels = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v']));
  assert.match(errorOf(anExperiment({ sites: [] })).message, /spec\.sites is a list; expected a list of 1 to 64 items/);
  assert.match(
    errorOf(anExperiment({ generator: { nodeSelector: labels } })).message,
    /nodeSelector is a mapping; expected a mapping of at most 16/,
  );
});

test('every number outside its range is refused at its own path', () => {
  for (const { path, type, minimum, maximum } of numbers()) {
    const step = type === 'integer' ? 1 : 1e-3;
    for (const value of [minimum - step, maximum + step, Number.NaN, Number.POSITIVE_INFINITY, -1e99, 'one', null]) {
      const problems = problemsOf(withValue(path, value));
      assert.ok(
        problems.some((problem) => problem.includes(` ${path} is `)),
        `${path}: ${value} gave ${problems.join('; ')}`,
      );
    }
  }
});

test('both ends of every range are sound, as far as the field alone goes', () => {
  for (const { path, minimum, maximum } of numbers()) {
    for (const value of [minimum, maximum]) {
      const problems = problemsOf(withValue(path, value)).filter((problem) => problem.includes('expected'));
      assert.deepEqual(problems, [], `${path}: ${value}`);
    }
  }
});

test('what is no YAML is placed', async (t) => {
  const cases = [
    { name: 'a field set twice', text: 'a: 1\nb: 2\na: 3\n', expect: '3:1 the field a is set twice; keep one of them' },
    { name: 'a tab', text: 'a:\n\tb: 1\n', expect: '2:1 a tab is used as indentation; YAML takes spaces only' },
    { name: 'an alias', text: 'a: &x 1\nb: *x\n', expect: '2:4 *x is an alias; write the value out' },
    { name: 'an unknown tag', text: 'a: !secret 1\n', expect: '1:4 Unresolved tag: !secret' },
    { name: 'an open bracket', text: 'a: 1\nb: [1,\n', expect: /^3:1 Flow sequence/ },
    { name: 'two colons', text: 'a: b: c\n', expect: /^1:4 Nested mappings/ },
  ];
  for (const { name, text, expect } of cases) {
    await t.test(name, () => {
      const error = errorOf(text);
      assert.ok(error instanceof ExperimentSyntaxError);
      const [problem] = lines(error);
      typeof expect === 'string' ? assert.equal(problem, expect) : assert.match(problem ?? '', expect);
    });
  }
});

test('a file without content, or with two documents, says so', () => {
  for (const text of ['', '\n', '# only a comment\n', '---\n', 'null\n']) assert.ok(errorOf(text) instanceof ExperimentEmptyError, text);
  const error = errorOf(`${anExperiment()}---\n${anExperiment()}`);
  assert.ok(error instanceof ExperimentDocumentsError);
  assert.match(error.message, /^x\.yaml:10:1: is the second of 2 YAML documents/);
});

test('a text or a list is not an experiment', () => {
  assert.deepEqual(problemsOf('hello'), ['1:1 the document is "hello"; expected a mapping with apiVersion, kind, metadata, spec']);
  assert.deepEqual(problemsOf('- a\n'), ['1:1 the document is a list; expected a mapping with apiVersion, kind, metadata, spec']);
});

test('any text gives an experiment or an error that names its cause', () => {
  const valid = anExperiment({ training: { iterations: 10 }, model: { image: { size: 64 } } });
  const damaged = fc
    .tuple(fc.nat(valid.length), fc.nat(12), fc.string({ maxLength: 8, unit: fc.constantFrom(...'{}[]:-&*!|>\'"%@`#,\n\t 0aé\u0000') }))
    .map(([at, cut, insert]) => valid.slice(0, at) + insert + valid.slice(at + cut));
  fc.assert(
    fc.property(fc.oneof(damaged, fc.string({ unit: 'binary' }), fc.json()), (text) => {
      try {
        parseExperiment(text, 'x.yaml');
      } catch (error) {
        assert.ok(error instanceof ExperimentError, String(error));
        assert.equal(error.exitCode, 2);
      }
    }),
    { numRuns: 1000 },
  );
});

function errorOf(text: string): ExperimentError {
  try {
    parseExperiment(text, 'x.yaml');
  } catch (error) {
    assert.ok(error instanceof ExperimentError, String(error));
    return error;
  }
  return assert.fail('expected an error');
}

function lines(error: ExperimentInvalidError | ExperimentSyntaxError): string[] {
  return error.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

function problemsOf(text: string): string[] {
  try {
    parseExperiment(text, 'x.yaml');
    return [];
  } catch (error) {
    assert.ok(error instanceof ExperimentInvalidError, String(error));
    return lines(error);
  }
}

/** The numbers of the schema outside of lists. */
function numbers() {
  return [...fieldsBelow(experimentField)].flatMap(({ path, field }) => {
    const { type, minimum, maximum } = field as { type: string; minimum?: number; maximum?: number };
    if (path.includes('[]') || (type !== 'integer' && type !== 'number')) return [];
    assert.ok(minimum !== undefined && maximum !== undefined, `${path} has no bounds`);
    return [{ path, type, minimum, maximum }];
  });
}

function withValue(path: string, value: unknown): string {
  const document: unknown = parseYaml(anExperiment());
  const steps = path.split('.');
  let at = document as Record<string, unknown>;
  for (const step of steps.slice(0, -1)) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  at[steps.at(-1)!] = value;
  return stringify(document);
}
