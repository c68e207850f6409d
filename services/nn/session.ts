import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GraphError, SessionError, StateMismatchError } from './errors.ts';
import { COPY, type Graph, type RunDef, sizeOf, type Tensor } from './graph.ts';
import { DType, type NodeDef, savedModel } from './graph-def.ts';
import type { Native } from './native.ts';

export type Arrays = Record<string, Float32Array>;

/** Values by variable name, in the order of their definition. */
export type State = Map<string, { shape: readonly number[]; data: Float32Array }>;

/** A loaded graph: its runs can be executed, its variables read and written as a whole. Every call blocks the thread. */
export class Session {
  readonly #native: Native;
  readonly #model: number;
  readonly #runs: Map<string, RunDef>;
  readonly #graph: Graph;

  /** Writes the graph as a SavedModel, loads it and sets every variable to its initial value. */
  constructor(native: Native, graph: Graph) {
    this.#native = native;
    this.#graph = graph;
    this.#runs = new Map(graph.runs.map((run) => [run.name, run]));
    const directory = mkdtempSync(join(tmpdir(), 'asyndgan-graph-'));
    try {
      writeFileSync(join(directory, 'saved_model.pb'), savedModel([...graph.nodes, ...doneNodes(graph), ...stateNodes(graph)]));
      this.#model = native.loadSavedModel(directory, 'train');
    } finally {
      rmSync(directory, { recursive: true });
    }
    this.restore(new Map([...graph.variables].map(([name, { shape, initial }]) => [name, { shape, data: initial }])));
  }

  /** Executes a run; feeds and results are row-major and belong to the caller. */
  run<Fetch extends string>(name: string, feeds: Arrays, fetches: readonly Fetch[]): Record<Fetch, Float32Array> {
    const run = this.#runs.get(name);
    if (!run) throw new GraphError(`there is no run '${name}'`);
    const inputs = run.feeds.map((tensor) => ({ tensor, data: feeds[tensor.node.name.slice(name.length + 1)] }));
    const wanted = fetches.map((fetch) => {
      const tensor = run.fetches.get(fetch);
      if (!tensor) throw new GraphError(`run '${name}' has no '${fetch}'`);
      return nameOf(tensor);
    });
    for (const { tensor, data } of inputs) {
      if (data?.length !== sizeOf(tensor.shape))
        throw new GraphError(`run '${name}': ${tensor.node.name} wants [${tensor.shape}], got ${data?.length ?? 'nothing'}`);
    }
    const results = this.#execute(name, inputs as { tensor: Tensor; data: Float32Array }[], [...wanted, `${name}/done`]);
    return Object.fromEntries(fetches.map((fetch, i) => [fetch, results[i]!])) as Record<Fetch, Float32Array>;
  }

  /** All variables. */
  state(): State {
    const names = [...this.#graph.variables.keys()];
    const values = this.#execute(
      'state',
      [],
      names.map((name) => `value/${name}`),
    );
    return new Map(names.map((name, i) => [name, { shape: this.#graph.variables.get(name)!.shape, data: values[i]! }]));
  }

  /** Sets all variables. Throws StateMismatchError when names or shapes differ from this graph's. */
  restore(state: State): void {
    const variables = [...this.#graph.variables.values()];
    const extra = [...state.keys()].find((name) => !this.#graph.variables.has(name));
    if (extra) throw new StateMismatchError(`'${extra}' is no weight of this model`);
    const inputs = variables.map(({ name, shape }) => {
      const value = state.get(name);
      if (!value) throw new StateMismatchError(`the weight '${name}' is missing`);
      if (value.shape.join() !== shape.join())
        throw new StateMismatchError(`the weight '${name}' is [${value.shape}], expected [${shape}]`);
      return { name: `initial/${name}`, shape, data: value.data };
    });
    this.#executeNamed('restore', inputs, ['state/restored']);
  }

  /** Tensors that the addon holds for this process: constant over a well-behaved training. */
  get liveHandles(): number {
    return this.#native.getNumOfTensors();
  }

  close(): void {
    this.#native.deleteSavedModel(this.#model);
  }

  #execute(run: string, inputs: readonly { tensor: Tensor; data: Float32Array }[], fetches: readonly string[]): Float32Array[] {
    return this.#executeNamed(
      run,
      inputs.map(({ tensor, data }) => ({ name: tensor.node.name, shape: tensor.shape, data })),
      fetches,
    );
  }

  #executeNamed(
    run: string,
    inputs: readonly { name: string; shape: readonly number[]; data: Float32Array }[],
    fetches: readonly string[],
  ): Float32Array[] {
    const native = this.#native;
    const handles = inputs.map(({ shape, data }) => native.createTensor(shape, DType.float32, data));
    try {
      const outputs = native.runSavedModel(
        this.#model,
        handles,
        inputs.map(({ name }) => `${name}:0`).join(),
        fetches.map((fetch) => (fetch.includes(':') ? fetch : `${fetch}:0`)).join(),
      );
      const data = outputs.map(({ id }) => native.tensorDataSync(id) as Float32Array);
      for (const { id } of outputs) native.deleteTensor(id);
      return data;
    } catch (cause) {
      throw new SessionError(run, cause);
    } finally {
      for (const handle of handles) native.deleteTensor(handle);
    }
  }
}

const nameOf = (tensor: Tensor): string => `${tensor.node.name}:${tensor.output}`;

/** Nodes that read each variable ('value/NAME') and write all of them at once ('state/restored'): one executor each, not one a variable. */
function stateNodes(graph: Graph): NodeDef[] {
  const dtype = { type: DType.float32 } as const;
  const nodes = [...graph.variables.values()].flatMap(({ name, shape, handle }): NodeDef[] => [
    { name: `initial/${name}`, op: 'Placeholder', inputs: [], attributes: { dtype, shape: { shape } } },
    { name: `copy/${name}`, op: COPY, inputs: [`initial/${name}`], attributes: { T: dtype } },
    { name: `assign/${name}`, op: 'AssignVariableOp', inputs: [handle.node.name, `copy/${name}`], attributes: { dtype } },
    { name: `value/${name}`, op: 'ReadVariableOp', inputs: [handle.node.name], attributes: { dtype } },
  ]);
  return [
    ...nodes,
    after(
      'state/restored',
      [...graph.variables.keys()].map((name) => `assign/${name}`),
    ),
  ];
}

/** One node for each run that waits for all its writes ('RUN/done'). */
const doneNodes = (graph: Graph): NodeDef[] => graph.runs.map(({ name, writes }) => after(`${name}/done`, writes));

function after(name: string, nodes: readonly string[]): NodeDef {
  const zero = { dtype: DType.int32, shape: [], data: new Int32Array(1) };
  return {
    name,
    op: 'Const',
    inputs: nodes.map((node) => `^${node}`),
    attributes: { dtype: { type: DType.int32 }, value: { tensor: zero } },
  };
}
