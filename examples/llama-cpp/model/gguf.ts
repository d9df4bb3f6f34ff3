// The file format of llama.cpp: names and values, then tensors, each at a multiple of 32 bytes.
// https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

/** A value of a GGUF file, under the name of its type. */
export type GgufValue =
  | { readonly u32: number }
  | { readonly f32: number }
  | { readonly string: string }
  | { readonly strings: readonly string[] }
  | { readonly f32s: readonly number[] }
  | { readonly i32s: readonly number[] }

/** A matrix of 32-bit floats, row by row. `shape` has its columns first. */
export interface GgufTensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly values: Float32Array
}

const VERSION = 3
const ALIGNMENT = 32
/** Numbers that the format has for types of values, and for the one type of tensor that is written here. */
const U32 = 4
const I32 = 5
const F32 = 6
const STRING = 8
const ARRAY = 9
const TENSOR_OF_F32 = 0

/** The bytes of a file with these values and tensors. */
export function toGguf(values: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Buffer {
  const names = Object.keys(values)
  const head = [Buffer.from('GGUF'), u32(VERSION), u64(tensors.length), u64(names.length)]
  for (const name of names) head.push(string(name), typedValue(values[name]!))
  let offset = 0
  for (const { name, shape, values: numbers } of tensors) {
    head.push(string(name), u32(shape.length), ...shape.map(u64), u32(TENSOR_OF_F32), u64(offset))
    offset += aligned(numbers.byteLength)
  }
  const bodies = tensors.map(({ values: numbers }) => padded(f32s(numbers)))
  return Buffer.concat([padded(Buffer.concat(head)), ...bodies])
}

function typedValue(value: GgufValue): Buffer {
  if ('u32' in value) return Buffer.concat([u32(U32), u32(value.u32)])
  if ('f32' in value) return Buffer.concat([u32(F32), f32s([value.f32])])
  if ('string' in value) return Buffer.concat([u32(STRING), string(value.string)])
  if ('strings' in value) return array(STRING, value.strings.map(string))
  if ('f32s' in value) return array(F32, [f32s(value.f32s)], value.f32s.length)
  return array(I32, [i32s(value.i32s)], value.i32s.length)
}

function array(type: number, items: readonly Buffer[], count = items.length): Buffer {
  return Buffer.concat([u32(ARRAY), u32(type), u64(count), ...items])
}

function string(text: string): Buffer {
  const bytes = Buffer.from(text)
  return Buffer.concat([u64(bytes.length), bytes])
}

function u32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(number)
  return bytes
}

function u64(number: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(number))
  return bytes
}

function f32s(numbers: ArrayLike<number>): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (let index = 0; index < numbers.length; index++) bytes.writeFloatLE(numbers[index]!, 4 * index)
  return bytes
}

function i32s(numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * numbers.length)
  for (const [index, number] of numbers.entries()) bytes.writeInt32LE(number, 4 * index)
  return bytes
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(aligned(bytes.length) - bytes.length)])
}
