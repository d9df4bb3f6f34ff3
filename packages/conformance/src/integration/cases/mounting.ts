import { describe, expect, test } from 'vitest'

import { textOf } from '../rig/native-body.ts'
import type { IntegrationScene } from '../rig/scene.ts'

/** Where the resource is, and where it is not. */
export function describeMounting(open: () => IntegrationScene): void {
  describe('mounts', () => {
    test('a stream is where its answer says, below the mount, and nowhere else', async () => {
      const scene = open()
      const answer = await scene.chat(scene.script({ say: ['one'] }))
      const id = answer.headers['sluice-stream-id'] as string
      expect(answer.location).toBe(`${scene.mount}/streams/${id}`)
      expect(textOf(await (await scene.ask(answer.location)).text())).toBe('one')
      expect((await scene.ask(`/streams/${id}`)).status).toBe(scene.mount === '' ? 200 : 404)
      expect((await scene.ask(`${scene.mount}/streams/${id}/nothing`)).status).toBe(404)
    })

    test('a path that a proxy strips is what clients see', async () => {
      const scene = open()
      const headers = { 'x-forwarded-prefix': '/outside' }
      const chat = await scene.chat(scene.script({ say: ['one'] }), { headers })
      const native = await scene.ask(`${scene.mount}/streams`, { body: scene.script({ say: ['one'] }), headers })
      for (const { location } of [chat, native]) expect(location).toMatch(`/outside${scene.mount}/streams/`)
    })

    test('routes of the application stay its own, at the mount too', async () => {
      const scene = open()
      expect(await (await scene.ask(`${scene.mount}/own`)).json()).toEqual({ own: true })
      expect((await scene.ask(`${scene.mount}/unknown`)).status).toBe(404)
    })

    test('a path says which methods it takes', async () => {
      const scene = open()
      const { location } = await scene.chat(scene.script({ say: ['one'] }))
      const answer = await scene.ask(location, { method: 'OPTIONS' })
      expect(answer.status).toBe(204)
      for (const method of ['GET', 'DELETE']) expect(answer.headers.allow).toContain(method)
    })
  })
}
