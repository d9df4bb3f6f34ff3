/** How many situations a search looks at, others each time: all of them take a minute of a core. `npm run soak -- searches` looks at all. */
const MOST_SITUATIONS = Number(process.env.SLUICE_SITUATIONS ?? 300)

/** What actions have led to. */
export interface Scene {
  /** What tells it from others. */
  readonly state: string
  /** What may happen next. */
  readonly actions: readonly string[]
  /** Lets all come about that needs no further action. */
  settle(): Promise<void>
}

/** A search through what can happen, in every order. */
export interface Search<Kind extends Scene> {
  /** What has happened before, always. */
  readonly begun?: readonly string[]
  /** The scene after these actions. */
  readonly replay: (path: readonly string[]) => Promise<Kind>
  /** Throws where something does not hold. `settled`: nobody waits any more. */
  readonly check: (scene: Kind, path: readonly string[], settled: boolean) => void
}

/** Goes through what can happen; gives how many situations there were. */
export async function explore<Kind extends Scene>({ begun = [], replay, check }: Search<Kind>): Promise<number> {
  const seen = new Set<string>()
  const todo: (readonly string[])[] = [begun]
  while (todo.length > 0 && seen.size < MOST_SITUATIONS) {
    const path = takeAny(todo)
    const scene = await replay(path)
    const { state, actions } = scene
    if (seen.has(state)) continue
    seen.add(state)
    for (const action of actions) todo.push([...path, action])
    check(scene, path, false)
    await scene.settle()
    check(scene, path, true)
  }
  return seen.size
}

/** Any of them, so that each search that does not see all sees others. */
function takeAny<Item>(items: Item[]): Item {
  const index = Math.floor(Math.random() * items.length)
  const item = items[index]!
  const last = items.pop()!
  if (index < items.length) items[index] = last
  return item
}
