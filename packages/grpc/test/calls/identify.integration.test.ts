import { expect, test } from 'vitest'

import { connectedRig } from '../rig/connected-rig.ts'
import { hear, open, saying } from '../rig/rig.ts'

test.each(['server', 'ada', ['ada'], {}, { owner: '' }, { owner: 'ada\uD800' }])(
  'contract 12: an identify that gives %j lets nobody in, and who is told why is the owner of the server',
  async (answer) => {
    const { client, errors, sluice } = await connectedRig(saying('Hello'), {
      server: { identify: () => answer as never },
    })
    const theirs = await sluice.start(() => ['internal'], { as: 'server', onDisconnect: 'continue' })
    for (const [method, request] of [
      ['Start', {}],
      ['Attach', { ref: { id: theirs.id } }],
    ] as const) {
      const { status, messages } = await hear(open(client, method, request))
      expect([status.code, messages]).toEqual([13, []])
      expect(status.details).not.toContain('identify')
    }
    expect(errors.map(String)).toEqual([
      expect.stringContaining('"identify" gave') as string,
      expect.stringContaining('"identify" gave') as string,
    ])
  },
)
