import { expect } from 'vitest'

/** Settles once nothing has been pulled for a while. */
export async function paused(pulled: () => number): Promise<number> {
  let before = -1
  await expect
    .poll(
      () => {
        const still = pulled() === before
        before = pulled()
        return still
      },
      { interval: 250, timeout: 20_000 },
    )
    .toBe(true)
  return before
}
