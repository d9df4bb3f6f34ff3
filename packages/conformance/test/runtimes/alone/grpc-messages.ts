import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { EventSchema } from '@sluice/grpc/v1'

/** An event of gRPC, written and read again. */
export async function check(): Promise<unknown> {
  const bytes = toBinary(
    EventSchema,
    create(EventSchema, { cursor: 'abc.1.1', event: { case: 'text', value: '日本🎉' } }),
  )
  const { cursor, event } = fromBinary(EventSchema, bytes)
  return [cursor, event.case, event.value]
}
