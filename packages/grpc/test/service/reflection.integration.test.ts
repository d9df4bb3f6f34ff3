import { fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import type { ClientDuplexStream } from '@grpc/grpc-js'
import { describe, expect, test } from 'vitest'

import { connect, type Message, type Rig, saying, startRig } from '../rig/rig.ts'

/** One question, one answer. */
async function question(rig: Rig, version: 'v1' | 'v1alpha', message: object): Promise<Message> {
  using client = connect(
    rig,
    `grpc/reflection/${version}/reflection.proto`,
    `grpc.reflection.${version}.ServerReflection`,
  )
  const open = client['ServerReflectionInfo'] as unknown as () => ClientDuplexStream<object, Message>
  const call = open.call(client)
  const answer = new Promise<Message>((resolve, reject) => call.on('data', resolve).on('error', reject))
  call.write(message)
  call.end()
  return await answer
}

const filesIn = (answer: Message): string[] =>
  [...(answer['fileDescriptorResponse']!['fileDescriptorProto'] as unknown as Uint8Array[])].map(
    (bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name,
  )

describe.each(['v1', 'v1alpha'] as const)('reflection %s', (version) => {
  test('lists every service', async () => {
    await using rig = await startRig(saying())
    const { listServicesResponse } = await question(rig, version, { listServices: '' })
    expect(listServicesResponse!['service']).toEqual([
      { name: 'sluice.v1.TokenStreamService' },
      { name: 'grpc.health.v1.Health' },
      { name: 'grpc.reflection.v1.ServerReflection' },
      { name: 'grpc.reflection.v1alpha.ServerReflection' },
    ])
  })

  test.each([
    { fileContainingSymbol: 'sluice.v1.TokenStreamService' },
    { fileContainingSymbol: 'sluice.v1.TokenStreamService.Start' },
    { fileContainingSymbol: 'sluice.v1.Event' },
    { fileContainingSymbol: 'sluice.v1.Event.cursor' },
    { fileContainingSymbol: 'sluice.v1.OnDisconnect.Policy' },
    { fileByFilename: 'sluice/v1/token_stream.proto' },
  ])('gives the file and what it imports for %j', async (message) => {
    await using rig = await startRig(saying())
    expect(filesIn(await question(rig, version, message))).toEqual([
      'google/protobuf/struct.proto',
      'sluice/v1/token_stream.proto',
    ])
  })

  test.each([
    [{ fileContainingSymbol: 'sluice.v1.Nothing' }, 5],
    [{ fileByFilename: 'nothing.proto' }, 5],
    [{ fileContainingExtension: { containingType: 'sluice.v1.Event', extensionNumber: 100 } }, 5],
    [{ allExtensionNumbersOfType: 'sluice.v1.Nothing' }, 5],
    [{}, 3],
  ])('answers %j with an error, and the call goes on', async (message, errorCode) => {
    await using rig = await startRig(saying())
    expect(await question(rig, version, message)).toMatchObject({ errorResponse: { errorCode } })
  })

  test('knows of no extensions', async () => {
    await using rig = await startRig(saying())
    const answer = await question(rig, version, { allExtensionNumbersOfType: 'sluice.v1.Event' })
    expect(answer['allExtensionNumbersResponse']).toMatchObject({ baseTypeName: 'sluice.v1.Event' })
  })
})

test('can be switched off', async () => {
  await using rig = await startRig(saying(), { server: { reflection: false } })
  await expect(question(rig, 'v1', { listServices: '' })).rejects.toMatchObject({ code: 12 })
})
