import { expect } from 'vitest'

import type { OpenInput } from '../load/client.ts'
import type { Stage } from '../load/stage.ts'
import type { Shape } from '../traffic/source.ts'

/** Five streams, each answered with its very text; gives how many events that took. */
export async function expectExact(stage: Stage, shape: Shape, input: Partial<OpenInput> = {}): Promise<number> {
  await stage.open({ main: { ...shape, gated: true } }, 5, input)
  await stage.flow()
  const { wrong, firstWrong, events } = await stage.check(shape.tokens)
  expect({ wrong, firstWrong }).toEqual({ wrong: 0, firstWrong: undefined })
  await stage.forget()
  return events
}
