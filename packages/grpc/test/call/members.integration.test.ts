import { create } from '@bufbuild/protobuf'
import { createClient } from '@connectrpc/connect'
import { createConnectTransport, createGrpcTransport } from '@connectrpc/connect-node'
import { StartRequestSchema, TokenStreamService } from '@sluice/grpc/v1'
import { expect, test } from 'vitest'

import { saying, startHttp1, startRig } from '../rig/rig.ts'
import { createSluice } from '@sluice/core'

const LIMIT = 100
/** The list itself is a member of the input, and so is the input. */
const elements = (count: number) => create(StartRequestSchema, { input: { list: Array<number>(count).fill(1) } })

const PROTOCOLS = ['Connect with JSON', 'Connect in binary', 'gRPC'] as const

test.each(PROTOCOLS)(
  'contract 6: over %s a message of more members than may be decoded in one step is refused by name',
  async (protocol) => {
    await using rig = await startRig(saying('taken'), { server: { maxRequestMembers: LIMIT } })
    await using http1 = await startHttp1(createSluice(), saying('taken'), { maxRequestMembers: LIMIT })
    const transport =
      protocol === 'gRPC'
        ? createGrpcTransport({ baseUrl: rig.url })
        : createConnectTransport({
            baseUrl: http1.url,
            httpVersion: '1.1',
            useBinaryFormat: protocol !== 'Connect with JSON',
          })
    const client = createClient(TokenStreamService, transport)
    const read = async (count: number): Promise<string> => {
      let text = ''
      for await (const { events } of client.start(elements(count))) {
        for (const { event } of events) if (event.case === 'text') text += event.value
      }
      return text
    }
    expect(await read(LIMIT - 10)).toBe('taken')
    await expect(read(LIMIT + 1)).rejects.toThrow(
      `The request has more than ${LIMIT} members, which is all that maxRequestMembers allows.`,
    )
  },
)
