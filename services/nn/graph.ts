import { GraphError } from './errors.ts';
import { type Attribute, DType, type NodeDef } from './graph-def.ts';

/** A value in the graph: shape is static, rows first (NHWC for images). */
export interface Tensor {
  readonly graph: Graph;
  readonly node: Node;
  readonly output: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/**
 * Builds the gradient of a node: `dys` are the gradients of its outputs (null: nothing depends on it), `needs` says which inputs' gradients are
 * wanted; the result has one tensor for each input (null where there is none).
 */
export type GradientRule = (dys: readonly (Tensor | null)[], needs: readonly boolean[]) => readonly (Tensor | null)[];

export interface Node {
  readonly id: number;
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly Tensor[];
  readonly run: string | null;
  readonly gradient: GradientRule | null;
}

/** A float32 value that lives on the device between runs. */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  readonly handle: Tensor;
  readonly initial: Float32Array;
}

export interface RunDef {
  readonly name: string;
  readonly feeds: readonly Tensor[];
  readonly fetches: ReadonlyMap<string, Tensor>;
  /** Names of the nodes that change a variable. */
  readonly writes: readonly string[];
}

/** What one run has read and written of a variable so far, in program order. */
interface Access {
  read: Tensor | null;
  readers: string[];
  writer: string | null;
}

/**
 * What is fed is copied before use. TensorFlow borrows the memory of a fed JavaScript array, and a variable or slot would keep it and release it in a
 * later run on one of TensorFlow's threads: that corrupts JavaScript's heap.
 */
export const COPY = 'DeepCopy';

/** Constants of at most so many values are made once. */
const SHARED_CONSTANT = 64;

export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);

/**
 * Records a TensorFlow graph with several runs (entry points) that share variables.
 *
 * - Within a run, reads and writes of a variable happen in program order (control edges are added here).
 * - A tensor of one run may be used in a later run: its value is parked on the device, in a slot. Thus a backward run needs no second forward.
 */
export class Graph {
  readonly #nodes: { -readonly [K in keyof NodeDef]: NodeDef[K] }[] = [];
  readonly #variables = new Map<string, Variable>();
  readonly #constants = new Map<string, Tensor>();
  readonly #runs = new Map<string, { feeds: Tensor[]; fetches: Map<string, Tensor>; writes: string[] }>();
  readonly #access = new Map<string, Access>();
  readonly #slots = new Map<string, Tensor>();
  #run: string | null = null;

  get nodes(): readonly NodeDef[] {
    return this.#nodes;
  }

  get variables(): ReadonlyMap<string, Variable> {
    return this.#variables;
  }

  /** Builds one run: what `build` creates is executed when the run is; it returns what the run hands out. */
  run(name: string, build: () => Record<string, Tensor>): void {
    if (this.#run !== null || this.#runs.has(name)) throw new GraphError(`run '${name}' is nested or defined twice`);
    this.#run = name;
    this.#runs.set(name, { feeds: [], fetches: new Map(), writes: [] });
    const fetches = build();
    for (const [key, tensor] of Object.entries(fetches)) this.#current().fetches.set(key, this.#localise(tensor));
    this.#run = null;
  }

  get runs(): RunDef[] {
    return [...this.#runs].map(([name, run]) => ({ name, ...run }));
  }

  /** Adds an op; one tensor for each of `shapes`. All tensors are float32 unless `dtype` says otherwise. */
  op(
    op: string,
    inputs: readonly Tensor[],
    attributes: Record<string, Attribute>,
    shapes: readonly (readonly number[])[],
    gradient: GradientRule | null = null,
    dtype: DType = DType.float32,
  ): Tensor[] {
    const node = this.#add(
      op,
      inputs.map((input) => this.#localise(input)),
      attributes,
      gradient,
    );
    return shapes.map((shape, output) => ({ graph: this, node, output, shape, dtype }));
  }

  /** A value given at each run, shape fixed. */
  placeholder(name: string, shape: readonly number[]): Tensor {
    const run = this.#current();
    const node = this.#add('Placeholder', [], { dtype: { type: DType.float32 }, shape: { shape } }, null, `${this.#run}/${name}`);
    const fed = { graph: this, node, output: 0, shape, dtype: DType.float32 };
    run.feeds.push(fed);
    return this.op(COPY, [fed], { T: { type: DType.float32 } }, [shape])[0]!;
  }

  constant(values: ArrayLike<number>, shape: readonly number[] = [values.length], dtype: DType = DType.float32): Tensor {
    const data = dtype === DType.float32 ? Float32Array.from(values) : Int32Array.from(values);
    const key = data.length <= SHARED_CONSTANT ? `${dtype}|${shape.join()}|${data.join()}` : null;
    const known = key === null ? undefined : this.#constants.get(key);
    if (known) return known;
    const node = this.#add('Const', [], { dtype: { type: dtype }, value: { tensor: { dtype, shape, data } } }, null, undefined, [], null);
    const tensor = { graph: this, node, output: 0, shape, dtype };
    if (key !== null) this.#constants.set(key, tensor);
    return tensor;
  }

  scalar(value: number): Tensor {
    return this.constant([value], []);
  }

  ints(values: readonly number[]): Tensor {
    return this.constant(values, [values.length], DType.int32);
  }

  variable(name: string, shape: readonly number[], initial: Float32Array): Variable {
    if (this.#variables.has(name)) throw new GraphError(`variable '${name}' is defined twice`);
    if (initial.length !== sizeOf(shape))
      throw new GraphError(`variable '${name}' of shape [${shape}] cannot start from ${initial.length} values`);
    const variable = { name, shape, handle: this.#handle(name, shape), initial };
    this.#variables.set(name, variable);
    return variable;
  }

  /** The variable's value at this point of the program. */
  read(variable: Variable): Tensor {
    const access = this.#accessTo(variable.handle);
    access.read ??= this.#readHandle(variable.handle, variable.shape, access.writer);
    access.readers.push(access.read.node.name);
    return access.read;
  }

  assign(variable: Variable, value: Tensor): void {
    if (sizeOf(value.shape) !== sizeOf(variable.shape))
      throw new GraphError(`[${value.shape}] does not fit variable '${variable.name}' [${variable.shape}]`);
    this.write('AssignVariableOp', [variable], [value], { dtype: { type: DType.float32 } });
  }

  /** An op that updates variables in place; its inputs are the handles, then `values`. */
  write(op: string, variables: readonly Variable[], values: readonly Tensor[], attributes: Record<string, Attribute>): void {
    const accesses = variables.map((variable) => this.#accessTo(variable.handle));
    const after = accesses.flatMap((access) => (access.writer ? [...access.readers, access.writer] : access.readers));
    const inputs = [...variables.map((variable) => variable.handle), ...values.map((value) => this.#localise(value))];
    const node = this.#add(op, inputs, attributes, null, undefined, [...new Set(after)]);
    for (const access of accesses) Object.assign(access, { read: null, readers: [], writer: node.name });
    this.#current().writes.push(node.name);
  }

  /** The same value, as this run can see it. */
  #localise(tensor: Tensor): Tensor {
    const { node } = tensor;
    if (node.run === null || node.run === this.#run) return tensor;
    if (node.op === 'ReadVariableOp') return this.#rereadIn(node);
    const key = `${this.#run}|${node.name}:${tensor.output}`;
    const known = this.#slots.get(key);
    if (known) return known;
    const read = this.#readHandle(this.#park(tensor), tensor.shape, null);
    this.#slots.set(key, read);
    return read;
  }

  /** A weight that an earlier run has read: read it again, it has not changed (forward and backward run follow each other). */
  #rereadIn(read: Node): Tensor {
    const handle = read.inputs[0]!;
    const variable = [...this.#variables.values()].find((candidate) => candidate.handle.node === handle.node);
    if (!variable) throw new GraphError(`${read.name} reads a slot of another run`);
    return this.read(variable);
  }

  /** Stores the tensor in a slot at the end of its own run; gives the slot's handle. */
  #park(tensor: Tensor): Tensor {
    const name = `slot/${tensor.node.name}.${tensor.output}`;
    const known = this.#slots.get(name);
    if (known) return known;
    const handle = this.#handle(name, tensor.shape);
    const save = this.#add('AssignVariableOp', [handle, tensor], { dtype: { type: DType.float32 } }, null, undefined, [], tensor.node.run);
    this.#runs.get(tensor.node.run!)!.writes.push(save.name);
    this.#slots.set(name, handle);
    return handle;
  }

  #handle(name: string, shape: readonly number[]): Tensor {
    const attributes: Record<string, Attribute> = {
      dtype: { type: DType.float32 },
      shape: { shape },
      shared_name: { text: name },
      container: { text: '' },
    };
    const node = this.#add('VarHandleOp', [], attributes, null, `variable/${name}`, [], null);
    return { graph: this, node, output: 0, shape: [], dtype: DType.resource };
  }

  #readHandle(handle: Tensor, shape: readonly number[], after: string | null): Tensor {
    const node = this.#add('ReadVariableOp', [handle], { dtype: { type: DType.float32 } }, null, undefined, after ? [after] : []);
    return { graph: this, node, output: 0, shape, dtype: DType.float32 };
  }

  #accessTo(handle: Tensor): Access {
    const key = `${this.#run}|${handle.node.name}`;
    const access = this.#access.get(key) ?? { read: null, readers: [], writer: null };
    this.#access.set(key, access);
    return access;
  }

  #current(): { feeds: Tensor[]; fetches: Map<string, Tensor>; writes: string[] } {
    const run = this.#run === null ? undefined : this.#runs.get(this.#run);
    if (!run) throw new GraphError('this belongs inside a run');
    return run;
  }

  #add(
    op: string,
    inputs: readonly Tensor[],
    attributes: Record<string, Attribute>,
    gradient: GradientRule | null,
    name?: string,
    after: readonly string[] = [],
    run: string | null = this.#run,
  ): Node {
    const id = this.#nodes.length;
    const node: Node = { id, name: name ?? `${op}_${id}`, op, inputs, run, gradient };
    const edges = inputs.map((input) => (input.output ? `${input.node.name}:${input.output}` : input.node.name));
    this.#nodes.push({ name: node.name, op, inputs: [...edges, ...after.map((other) => `^${other}`)], attributes });
    return node;
  }
}
