import assert from 'node:assert/strict';
import { gradients } from '../gradients.ts';
import { Graph, sizeOf, type Tensor } from '../graph.ts';
import { configureNative, loadNative, type Native } from '../native.ts';
import { Random } from '../random.ts';
import { Session } from '../session.ts';
import { reshape, sum } from './broadcast.ts';
import { mul, square } from './math.ts';
import { concat } from './shape.ts';

export type Op = (...xs: Tensor[]) => Tensor;

export interface GradientCase {
  /** Shapes of the op's inputs. */
  readonly inputs: readonly (readonly number[])[];
  readonly op: Op;
  /** Where the inputs lie: at least 0.15 from each other and 0.07 from 0 (ops with kinks), above 0.5, or standard normal (default). */
  readonly values?: 'Apart' | 'Positive' | 'Normal';
}

/** Native TensorFlow with the threads of the reference runs. */
export function nativeForTests(): Native {
  configureNative({ intraOpThreads: 1, interOpThreads: 2, precision: 'Float32' });
  return loadNative();
}

/** Of differences of fourth order. */
const STEP = 0.02;
const TOLERANCE = 2e-4;
/** Of a float32 value that an op computes, relative. */
const ROUNDING = 8 * 2 ** -24;
/** Directions: so many single values of each input, and so many of length 1 in which all values move at once. */
const SINGLE = 10;
const JOINT = 3;

/** Compares `gradients` of <op(xs), r>, r random, with central differences. */
export function checkGradient(native: Native, { inputs, op, values = 'Normal' }: GradientCase): void {
  const random = new Random('gradient-check');
  const points = inputs.map((shape) => draw(random, values, sizeOf(shape)));
  const graph = new Graph();
  let weights: Float32Array = new Float32Array();
  graph.run('op', () => {
    const xs = inputs.map((shape, i) => graph.placeholder(`x${i}`, shape));
    const y = op(...xs);
    weights = random.normals(sizeOf(y.shape));
    return { y, ...Object.fromEntries(gradients([y], [graph.constant(weights, y.shape)], xs).entries()) };
  });
  const session = new Session(native, graph);
  const feeds = (at: readonly Float32Array[]) => Object.fromEntries(at.map((x, i) => [`x${i}`, x]));
  const { y, ...byInput } = session.run('op', feeds(points), ['y', ...Object.keys(points)]);
  const slopes = Object.values(byInput);
  assert.deepEqual(
    slopes.map((slope) => slope.length),
    inputs.map(sizeOf),
    'a gradient has the shape of its input',
  );
  const loss = (at: readonly Float32Array[]) => dot(session.run('op', feeds(at), ['y']).y, weights);
  const noise = (ROUNDING * norm(y!.map((value, i) => value * weights[i]!))) / STEP;

  for (const direction of directions(random, points)) {
    const along = (t: number) => loss(points.map((x, i) => x.map((value, j) => value + t * direction[i]![j]!)));
    const numeric = (8 * (along(STEP) - along(-STEP)) - (along(2 * STEP) - along(-2 * STEP))) / (12 * STEP);
    const symbolic = slopes.reduce((total, slope, i) => total + dot(slope, direction[i]!), 0);
    const scale = Math.max(1, Math.abs(numeric));
    assert.ok(Math.abs(numeric - symbolic) < TOLERANCE * scale + noise, `differences give ${numeric}, the gradient ${symbolic}`);
  }
  session.close();
}

/** The op's gradients as an op: all of d<op(xs)^2, r>/dx in one row. Its own gradient is the op's second-order one. */
export function gradientOf(op: Op): Op {
  return (...xs) => {
    const y = op(...xs);
    const r = y.graph.constant(new Random('second order').normals(sizeOf(y.shape)), y.shape);
    const slopes = gradients([sum(mul(square(y), r))], [y.graph.scalar(1)], xs);
    return concat(
      slopes.map((slope) => reshape(slope, [sizeOf(slope.shape)])),
      0,
    );
  };
}

function draw(random: Random, values: GradientCase['values'], count: number): Float32Array {
  if (values === 'Normal') return random.normals(count);
  if (values === 'Positive') return Float32Array.from({ length: count }, () => 0.5 + random.uniform());
  return Float32Array.from(random.permutation(count), (place) => 0.15 * (place - Math.ceil(count / 2) + 0.5));
}

function directions(random: Random, points: readonly Float32Array[]): Float32Array[][] {
  const single = points.flatMap((x, input) =>
    random
      .permutation(x.length)
      .slice(0, SINGLE)
      .map((at) => points.map((other, i) => other.map((_, j) => (i === input && j === at ? 1 : 0)))),
  );
  const count = points.reduce((total, x) => total + x.length, 0);
  const joint = Array.from({ length: JOINT }, () => points.map((x) => x.map(() => (random.uniform() < 0.5 ? -1 : 1) / Math.sqrt(count))));
  return [...single, ...joint];
}

const dot = (a: Float32Array, b: Float32Array): number => a.reduce((total, value, i) => total + value * b[i]!, 0);
const norm = (a: ArrayLike<number>): number => Math.hypot(...Array.from(a));
