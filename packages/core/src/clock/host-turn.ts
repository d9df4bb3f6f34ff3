import { createSystemRuntime, type Runtime } from './runtime.ts'

let host: Pick<Runtime, 'defer'> | undefined

/**
 * Resolves in the event loop's next turn, whatever clock a sluice has: between two parts of work that would keep it from others
 * for long.
 */
export function hostTurn(): Promise<void> {
  host ??= createSystemRuntime()
  const { defer } = host
  return new Promise<void>(defer)
}
