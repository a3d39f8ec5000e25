import { type Attribute, type Constant, F32, type Graph, I64, type Node, type Value } from './graph.ts'
import { ProtobufWriter } from './protobuf.ts'

const IR_VERSION = 9
const OPERATOR_SET = 18
/** The library's own operators (FusedMatMul). */
export const MICROSOFT_DOMAIN = 'com.microsoft'
const MICROSOFT_OPERATOR_SET = 1

// AttributeProto.type
const ATTRIBUTE_FLOAT = 1
const ATTRIBUTE_INT = 2
const ATTRIBUTE_STRING = 3
const ATTRIBUTE_INTS = 7

/** Encodes `graph` as the bytes of an ONNX model. Field numbers are those of onnx.proto. */
export function encodeModel(graph: Graph): Uint8Array {
  const names = outputNames(graph)
  const nameOf = (value: Value) => names.get(value) ?? value.name
  const body = new ProtobufWriter()
  for (const node of graph.nodes) body.message(1, encodeNode(node, nameOf))
  for (const { name, value } of graph.outputs) {
    if (names.get(value) !== name) body.message(1, encodeIdentity(nameOf(value), name))
  }
  body.text(2, 'coldmesh')
  for (const constant of graph.constants) body.message(5, encodeConstant(constant))
  for (const input of graph.inputs) body.message(11, encodeValueInfo(input.name, input))
  for (const { name, value } of graph.outputs) body.message(12, encodeValueInfo(name, value))
  return new ProtobufWriter()
    .int(1, IR_VERSION)
    .text(2, 'coldmesh')
    .message(7, body)
    .message(8, new ProtobufWriter().text(1, '').int(2, OPERATOR_SET))
    .message(8, new ProtobufWriter().text(1, MICROSOFT_DOMAIN).int(2, MICROSOFT_OPERATOR_SET))
    .finish()
}

/** A computed value that is an output takes the output's name; inputs and second names need an Identity node. */
function outputNames(graph: Graph): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>()
  for (const { name, value } of graph.outputs) {
    if (value.source !== undefined && !names.has(value)) names.set(value, name)
  }
  return names
}

function encodeNode(node: Node, nameOf: (value: Value) => string): ProtobufWriter {
  const writer = new ProtobufWriter()
  for (const input of node.inputs) writer.text(1, nameOf(input))
  for (const output of node.outputs) writer.text(2, nameOf(output))
  writer.text(4, node.operator)
  for (const [name, value] of Object.entries(node.attributes)) writer.message(5, encodeAttribute(name, value))
  if (node.domain !== '') writer.text(7, node.domain)
  return writer
}

function encodeIdentity(from: string, to: string): ProtobufWriter {
  return new ProtobufWriter().text(1, from).text(2, to).text(4, 'Identity')
}

function encodeAttribute(name: string, value: Attribute): ProtobufWriter {
  const writer = new ProtobufWriter().text(1, name)
  if (typeof value === 'number') return writer.int(3, value).int(20, ATTRIBUTE_INT)
  if (typeof value === 'string') return writer.text(4, value).int(20, ATTRIBUTE_STRING)
  if ('float' in value) return writer.float(2, value.float).int(20, ATTRIBUTE_FLOAT)
  for (const item of value) writer.int(8, item)
  return writer.int(20, ATTRIBUTE_INTS)
}

function encodeConstant({ name, shape, type, data }: Constant): ProtobufWriter {
  const writer = new ProtobufWriter()
  for (const dimension of shape) writer.int(1, dimension)
  return writer.int(2, type).text(8, name).bytes(9, rawData(type, data))
}

function rawData(type: number, data: readonly number[]): Uint8Array {
  if (type === F32) return new Uint8Array(Float32Array.from(data).buffer)
  if (type === I64) return new Uint8Array(BigInt64Array.from(data, BigInt).buffer)
  return new Uint8Array(Int32Array.from(data).buffer)
}

function encodeValueInfo(name: string, { shape, type }: Value): ProtobufWriter {
  const dimensions = new ProtobufWriter()
  for (const dimension of shape) dimensions.message(1, new ProtobufWriter().int(1, dimension))
  const tensor = new ProtobufWriter().int(1, type).message(2, dimensions)
  return new ProtobufWriter().text(1, name).message(2, new ProtobufWriter().message(1, tensor))
}
