import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError, SessionError, StateMismatchError } from './errors.ts';
import { gradients } from './gradients.ts';
import { Graph, type Tensor, type Variable } from './graph.ts';
import { DType } from './graph-def.ts';
import { tanh } from './ops/activation.ts';
import { reshape, sum } from './ops/broadcast.ts';
import { conv2d } from './ops/conv.ts';
import { nativeForTests } from './ops/gradient-check.ts';
import { add, mul, scale, square, sub } from './ops/math.ts';
import { instanceNorm } from './ops/norm.ts';
import { matMul, slice } from './ops/shape.ts';
import { Random } from './random.ts';
import { type Arrays, Session } from './session.ts';

const native = nativeForTests();
const floats = (...values: number[]) => Float32Array.from(values);

/** Keeps the session's life to one test. */
function withSession<T>(graph: Graph, use: (session: Session) => T): T {
  const session = new Session(native, graph);
  try {
    return use(session);
  } finally {
    session.close();
  }
}

const held = (session: Session, name: string): number[] => [...session.state().get(name)!.data];

test('variables - reads and writes of a run happen in program order', () => {
  const graph = new Graph();
  const v = graph.variable('v', [1], floats(2));
  graph.run('run', () => {
    const first = graph.read(v);
    graph.assign(v, add(first, graph.scalar(1)));
    const second = graph.read(v);
    graph.write('AssignAddVariableOp', [v], [scale(second, 10)], { dtype: { type: DType.float32 } });
    const third = graph.read(v);
    graph.assign(v, mul(first, third));
    return { first, second, third, late: sub(third, first) };
  });
  withSession(graph, (session) => {
    for (const start of [2, 66]) {
      const { first, second, third, late } = session.run('run', {}, ['first', 'second', 'third', 'late']);
      assert.deepEqual([first[0], second[0], third[0], late[0]], [start, start + 1, 11 * (start + 1), 11 * (start + 1) - start]);
      assert.deepEqual(held(session, 'v'), [start * 11 * (start + 1)]);
    }
  });
});

test('variables - a write waits for everything that uses the value before it, however long that takes', () => {
  const graph = new Graph();
  const size = 200;
  const v = graph.variable('v', [size, size], new Float32Array(size * size).fill(1 / size));
  graph.run('run', () => {
    const before = graph.read(v);
    let slow = before;
    for (let i = 0; i < 6; i++) slow = matMul(slow, before);
    graph.assign(v, graph.constant(new Float32Array(size * size).fill(7), [size, size]));
    return { slow: sum(mul(slow, before)) };
  });
  withSession(graph, (session) => {
    for (const value of [1 / size, 7]) {
      const { slow } = session.run('run', {}, ['slow']);
      const expected = size * size * value * value ** 7 * size ** 6;
      assert.ok(Math.abs(slow[0]! / expected - 1) < 1e-5);
    }
  });
});

test('variables - a write has an edge from every read and write before it', () => {
  const graph = new Graph();
  const v = graph.variable('v', [1], floats(1));
  graph.run('run', () => {
    const before = graph.read(v).node.name;
    graph.assign(v, graph.scalar(2));
    const first = graph.nodes.at(-1)!;
    const after = graph.nodes.length;
    graph.assign(v, scale(graph.read(v), 3));
    const between = graph.nodes[after]!;
    assert.deepEqual([between.op, between.inputs.at(-1)], ['ReadVariableOp', `^${first.name}`]);
    const controls = (name: string) => graph.nodes.find((node) => node.name === name)!.inputs.filter((input) => input.startsWith('^'));
    assert.deepEqual(controls(first.name), [`^${before}`]);
    assert.deepEqual(controls(graph.nodes.at(-1)!.name).sort(), [`^${first.name}`, `^${between.name}`].sort());
    return {};
  });
});

test('variables - are written although nothing that was asked for depends on it', () => {
  const graph = new Graph();
  const v = graph.variable('v', [2], floats(1, 2));
  graph.run('run', () => {
    graph.assign(v, square(graph.read(v)));
    return {};
  });
  withSession(graph, (session) => {
    session.run('run', {}, []);
    session.run('run', {}, []);
    assert.deepEqual(held(session, 'v'), [1, 16]);
  });
});

test('variables - two of them that start from one array, and two sessions of one graph, have values of their own', () => {
  const graph = new Graph();
  const initial = new Float32Array(64).fill(1);
  const variables = Array.from({ length: 8 }, (_, i) => graph.variable(`v${i}`, [64], initial));
  graph.run('run', () => {
    graph.write('AssignAddVariableOp', [variables[3]!], [graph.constant(new Float32Array(64).fill(1))], { dtype: { type: DType.float32 } });
    return {};
  });
  withSession(graph, (session) =>
    withSession(graph, (other) => {
      session.run('run', {}, []);
      const sums = (of: Session) => [...of.state().values()].map(({ data }) => data.reduce((a, b) => a + b));
      assert.deepEqual(sums(session), [64, 64, 64, 128, 64, 64, 64, 64]);
      assert.deepEqual(sums(other), Array(8).fill(64));
      assert.ok(initial.every((value) => value === 1));
    }),
  );
});

test('slots - a backward run uses the activations of the forward run before it, for a batch of three', () => {
  const shapes = { x: [3, 5, 5, 2], w: [3, 3, 2, 4], dy: [3, 3, 3, 4] } as const;
  const random = new Random('slots');
  const draw = (shape: readonly number[]) => random.normals(shape.reduce((a, b) => a * b));
  const values = { x: draw(shapes.x), w: draw(shapes.w), dy: draw(shapes.dy) };
  const graph = new Graph();
  const w = graph.variable('w', shapes.w, values.w);
  const network = (x: Tensor, weights: Tensor) => {
    const unit = (value: number) => graph.constant(Array(4).fill(value), [1, 4]);
    return tanh(instanceNorm(conv2d(x, weights, { stride: 1, padding: 0 }), unit(1), unit(0)));
  };
  const slopes = (y: Tensor, x: Tensor, weights: Tensor) => {
    const [dx, dw] = gradients([y], [graph.placeholder('dy', shapes.dy)], [x, weights]);
    return { dx: dx!, dw: dw! };
  };
  const parked: Record<string, Tensor> = {};
  graph.run('forward', () => {
    Object.assign(parked, { x: graph.placeholder('x', shapes.x), w: graph.read(w) });
    parked.y = network(parked.x!, parked.w!);
    return { y: parked.y };
  });
  graph.run('backward', () => slopes(parked.y!, parked.x!, parked.w!));
  graph.run('joint', () => {
    const x = graph.placeholder('x', shapes.x);
    const weights = graph.read(w);
    return slopes(network(x, weights), x, weights);
  });
  const slots = graph.nodes.filter(({ name }) => name.startsWith('variable/slot/'));
  assert.ok(slots.length > 0 && slots.every(({ name }) => !name.includes('ReadVariableOp')), 'weights are read again, not stored twice');
  withSession(graph, (session) => {
    const expected = session.run('joint', values, ['dx', 'dw']);
    const fed = { x: values.x.slice() };
    session.run('forward', fed, ['y']);
    fed.x.fill(Number.NaN);
    assert.deepEqual(session.run('backward', { dy: values.dy }, ['dx', 'dw']), expected);
    session.run('forward', { x: values.x.map((value) => value / 2) }, []);
    assert.notDeepEqual(session.run('backward', { dy: values.dy }, ['dx', 'dw']), expected, 'the newest forward run counts');
  });
});

test('slots - a run without the forward run before it is an error, not a zero', () => {
  const graph = new Graph();
  let y: Tensor;
  graph.run('forward', () => {
    y = square(graph.placeholder('x', [1]));
    return {};
  });
  graph.run('later', () => ({ z: scale(y, 2) }));
  withSession(graph, (session) => assert.throws(() => session.run('later', {}, ['z']), SessionError));
});

// An array that TensorFlow keeps is also released on one of its threads, which ends the process sooner or later.
test('feeds - nothing keeps an array of the caller: variables and slots do not change with it', () => {
  const graph = new Graph();
  const shape = [4, 16];
  const variables = Array.from({ length: 16 }, (_, i) => graph.variable(`v${i}`, shape, new Float32Array(64)));
  let parked: Tensor[] = [];
  graph.run('set', () => {
    parked = variables.map((variable, i) => {
      const x = graph.placeholder(`x${i}`, [64]);
      graph.assign(variable, reshape(x, shape));
      return reshape(x, shape);
    });
    return {};
  });
  graph.run('sums', () => Object.fromEntries(parked.map((x, i) => [`${i}`, sum(slice(x, [0, 0], shape))])));
  withSession(graph, (session) => {
    const feeds: Arrays = Object.fromEntries(variables.map((_, i) => [`x${i}`, new Float32Array(64).fill(i)]));
    session.run('set', feeds, []);
    const restored = session.state();
    session.restore(restored);
    for (const array of [...Object.values(feeds), ...[...restored.values()].map(({ data }) => data)]) array.fill(-1);
    const expected = variables.map((_, i) => 64 * i);
    assert.deepEqual(
      [...session.state().values()].map(({ data }) => data.reduce((a, b) => a + b)),
      expected,
    );
    assert.deepEqual(
      Object.values(session.run('sums', {}, Object.keys(variables))).map(([value]) => value),
      expected,
    );
  });
});

test('state - what was read does not change when training goes on, and brings the session back when restored', () => {
  const graph = training();
  withSession(graph, (session) => {
    steps(session, 3);
    const saved = session.state();
    const copy = structuredClone(saved);
    const onward = steps(session, 3);
    assert.deepEqual(saved, copy);
    session.restore(saved);
    assert.deepEqual(steps(session, 3), onward);
  });
});

test('state - a state of another model is refused and nothing changes', () => {
  const graph = new Graph();
  graph.variable('a', [2], floats(1, 2));
  graph.variable('b', [1], floats(3));
  withSession(graph, (session) => {
    const state = session.state();
    const broken = [
      new Map([...state].slice(0, 1)),
      new Map([...state, ['c', { shape: [1], data: floats(1) }]]),
      new Map([...state, ['a', { shape: [1, 2], data: floats(9, 9) }]]),
    ];
    for (const other of broken) assert.throws(() => session.restore(other), StateMismatchError);
    assert.deepEqual(session.state(), state);
  });
});

test('session - reruns are bit-identical', () => {
  const graph = training();
  const once = withSession(graph, (session) => [steps(session, 10), session.state()]);
  const again = withSession(graph, (session) => [steps(session, 10), session.state()]);
  assert.deepEqual(again, once);
});

test('session - the number of tensors that the addon holds does not grow', () => {
  withSession(training(), (session) => {
    const before = session.liveHandles;
    for (let i = 0; i < 50; i++) {
      steps(session, 1);
      session.restore(session.state());
    }
    assert.equal(session.liveHandles, before);
  });
});

test('session - a failed run keeps no tensors', () => {
  const graph = new Graph();
  graph.run('run', () => ({ y: square(graph.placeholder('x', [2])) }));
  withSession(graph, (session) => {
    const before = session.liveHandles;
    assert.throws(() => session.run('run', { x: floats(1) }, ['y']), { name: 'GraphError', message: /run\/x wants \[2\], got 1/ });
    assert.throws(() => session.run('run', {}, ['y']), { name: 'GraphError', message: /got nothing/ });
    assert.throws(() => session.run('run', { x: floats(1, 2) }, ['z']), { name: 'GraphError', message: /'z'/ });
    assert.throws(() => session.run('walk', {}, []), { name: 'GraphError', message: /'walk'/ });
    assert.equal(session.liveHandles, before);
  });
});

test('graph - constants keep their values, shapes and types, whether shared or not', () => {
  const graph = new Graph();
  const long = Float32Array.from({ length: 100 }, (_, i) => i / 3);
  graph.run('run', () => ({
    row: graph.constant([1, 2], [1, 2]),
    column: graph.constant([1, 2], [2, 1]),
    product: matMul(graph.constant([1, 2], [2, 1]), graph.constant([1, 2], [1, 2])),
    scalar: graph.scalar(0.1),
    long: graph.constant(long),
    empty: graph.constant([], [0]),
    slice: slice(graph.constant([1, 2, 3]), [1], [2]),
  }));
  withSession(graph, (session) => {
    assert.deepEqual(session.run('run', {}, ['row', 'column', 'product', 'scalar', 'long', 'empty', 'slice']), {
      row: floats(1, 2),
      column: floats(1, 2),
      product: floats(1, 2, 2, 4),
      scalar: floats(0.1),
      long,
      empty: floats(),
      slice: floats(2, 3),
    });
  });
});

test('graph - a mistake of its author is an error at once', () => {
  const graph = new Graph();
  const v = graph.variable('v', [2], floats(1, 2));
  assert.throws(() => graph.variable('v', [2], floats(1, 2)), GraphError);
  assert.throws(() => graph.variable('w', [2], floats(1)), GraphError);
  assert.throws(() => graph.placeholder('x', [1]), GraphError, 'outside of a run');
  graph.run('run', () => {
    assert.throws(() => graph.assign(v, graph.scalar(1)), GraphError);
    assert.throws(() => graph.run('inner', () => ({})), GraphError);
    return {};
  });
  assert.throws(() => graph.run('run', () => ({})), GraphError);
});

/** Gradient descent with momentum on a small network: two variables a weight, a forward and a backward run. */
function training(): Graph {
  const graph = new Graph();
  const random = new Random('training');
  const weights = [
    [6, 5],
    [5, 3],
  ].map((shape, i) => graph.variable(`w${i}`, shape, random.normals(shape[0]! * shape[1]!)));
  const moments = weights.map(({ name, shape, initial }) => graph.variable(`${name}/moment`, shape, new Float32Array(initial.length)));
  let y: Tensor;
  let reads: Tensor[] = [];
  graph.run('forward', () => {
    reads = weights.map((weight) => graph.read(weight));
    y = reads.reduce((x, w) => tanh(matMul(x, w)), graph.placeholder('x', [4, 6]));
    return { y };
  });
  graph.run('backward', () => {
    gradients([y], [graph.placeholder('dy', [4, 3])], reads).forEach((slope, i) => {
      const moment = add(scale(graph.read(moments[i]!), 0.9), slope);
      graph.assign(moments[i]!, moment);
      descend(graph, weights[i]!, moment);
    });
    return {};
  });
  return graph;
}

function descend(graph: Graph, weight: Variable, slope: Tensor): void {
  graph.write('ResourceApplyGradientDescent', [weight], [graph.scalar(0.1), slope], { T: { type: DType.float32 } });
}

function steps(session: Session, count: number): Float32Array[] {
  return Array.from({ length: count }, (_, i) => {
    const random = new Random('steps', i);
    const { y } = session.run('forward', { x: random.normals(24) }, ['y']);
    session.run('backward', { dy: random.normals(12) }, []);
    return y;
  });
}
