import { bytesField, floatField, intField, varint } from './protobuf.ts';

/** TensorFlow's DataType numbers (tensorflow/core/framework/types.proto), those that we use. */
export const DType = { float32: 1, int32: 3, bool: 10, resource: 20 } as const;
export type DType = (typeof DType)[keyof typeof DType];

/** The element type that nearly every op has, and the type of an op's index inputs. */
export const FLOAT = { T: { type: DType.float32 } } as const;
export const INDEX = { type: DType.int32 } as const;

/** An attribute of a node, named after the field of tensorflow.AttrValue that carries it. */
export type Attribute =
  | { type: DType }
  | { int: number }
  | { ints: readonly number[] }
  | { float: number }
  | { bool: boolean }
  | { text: string }
  | { shape: readonly number[] }
  | { tensor: { dtype: DType; shape: readonly number[]; data: Float32Array | Int32Array } };

export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** 'node', 'node:1' or '^node' (control edge), data edges first. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

const SAVED_MODEL_TAG = 'train';
/** Version of the GraphDef format: op semantics of TensorFlow 2.x; kernels from 2.2 on can read it. */
const GRAPH_VERSION = { producer: 1882, minConsumer: 12 };

/** The bytes of `saved_model.pb` for one graph of nodes; tag 'train'. Source: tensorflow/core/protobuf/{saved_model,meta_graph}.proto. */
export function savedModel(nodes: readonly NodeDef[]): Buffer {
  const versions = Buffer.concat([intField(1, GRAPH_VERSION.producer), intField(2, GRAPH_VERSION.minConsumer)]);
  const graph = Buffer.concat([...nodes.map((node) => bytesField(1, nodeDef(node))), bytesField(4, versions)]);
  const metaGraph = Buffer.concat([bytesField(1, bytesField(4, SAVED_MODEL_TAG)), bytesField(2, graph)]);
  return Buffer.concat([intField(1, 1), bytesField(2, metaGraph)]);
}

function nodeDef(node: NodeDef): Buffer {
  return Buffer.concat([
    bytesField(1, node.name),
    bytesField(2, node.op),
    ...node.inputs.map((input) => bytesField(3, input)),
    ...Object.entries(node.attributes).map(([name, value]) =>
      bytesField(5, Buffer.concat([bytesField(1, name), bytesField(2, attrValue(value))])),
    ),
  ]);
}

function attrValue(value: Attribute): Buffer {
  if ('type' in value) return intField(6, value.type);
  if ('int' in value) return intField(3, value.int);
  if ('ints' in value) return bytesField(1, bytesField(3, Buffer.concat(value.ints.map(varint))));
  if ('float' in value) return floatField(4, value.float);
  if ('bool' in value) return intField(5, value.bool ? 1 : 0);
  if ('text' in value) return bytesField(2, value.text);
  if ('shape' in value) return bytesField(7, shapeProto(value.shape));
  const { dtype, shape, data } = value.tensor;
  const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return bytesField(8, Buffer.concat([intField(1, dtype), bytesField(2, shapeProto(shape)), bytesField(4, content)]));
}

const shapeProto = (shape: readonly number[]): Buffer => Buffer.concat(shape.map((extent) => bytesField(2, intField(1, extent))));
