import { onTestFinished } from 'vitest'

import { type Client, connect, type Rig, startRig } from './rig.ts'

/** A server with a client of grpc-js, both of which end with the test. */
export async function connectedRig(...given: Parameters<typeof startRig>): Promise<Rig & { client: Client }> {
  const rig = await startRig(...given)
  const client = connect(rig)
  onTestFinished(async () => {
    client.close()
    await rig[Symbol.asyncDispose]()
  })
  return { ...rig, client }
}
