/** Stops the tour: what it shows must be true. */
export function demand(holds: unknown, what: string): asserts holds {
  if (!holds) throw new Error(`The tour found something wrong: ${what}.`)
}
