import { create, type DescMessage, fromBinary, type MessageShape } from '@bufbuild/protobuf'

/**
 * Makes a response of its bytes without taking them apart: what a message does not know it passes on as it came. JSON
 * has no such thing, there it is parsed.
 */
export function responseMaker<Desc extends DescMessage>(
  schema: Desc,
  requestHeader: Headers,
): (bytes: Uint8Array) => MessageShape<Desc> {
  if (requestHeader.get('content-type')?.includes('json')) return (bytes) => fromBinary(schema, bytes)
  return (bytes) => {
    const message: MessageShape<Desc> = create(schema)
    const [tag = 0] = bytes
    message.$unknown = [{ no: tag >> 3, wireType: tag & 7, data: bytes.subarray(1) }]
    return message
  }
}
