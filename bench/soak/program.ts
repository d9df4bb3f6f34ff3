import { answerParent } from '../process/child.ts'
import { measureMemory } from '../contestants/host.ts'
import { Round, type Shape } from '../traffic/source.ts'
import { createInstance, type InstanceOptions } from '../stores/create-instance.ts'
import { type Followed, type Followings, SoakReader } from './reader.ts'

/** A stream to be produced, by number and shape. */
export interface ProduceInput {
  stream: number
  tokens: number
  shape: string
}

const LOOK_EVERY_MS = 1_000

/** One of the instances of a soak: produces streams, and reads its own and those of others. */
const instance = createInstance(JSON.parse(process.argv[2]!) as InstanceOptions)
const readers = new Set<SoakReader>()
/** Readings that came with a start, until the parent asks how they went. */
const own = new Map<string, Promise<Followings>>()
let round = new Round({}, 0)

setInterval(() => {
  for (const reader of readers) if (reader.look()) readers.delete(reader)
}, LOOK_EVERY_MS)

answerParent({
  ready: () => instance.ready(),
  begin({ shapes }: { shapes: { readonly [name: string]: Shape } }): void {
    round = new Round(shapes, 0)
  },
  /** Starts a stream; tries again while the store does not answer. Gives its id. */
  async produce({ stream, tokens, shape }: ProduceInput): Promise<string> {
    for (let attempt = 1; ; attempt++) {
      try {
        const { id, reading } = await instance.start(round.sourceAt(`/${shape}/${stream}`))
        own.set(id, newReader({ id, stream, tokens }).follow(reading))
        return id
      } catch (error) {
        if (attempt === 20) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  },
  /** How the reading that came with a start went, once it is over. */
  async own({ id }: { id: string }): Promise<Followings> {
    const followings = await own.get(id)!
    own.delete(id)
    return followings
  },
  follow: (followed: Followed): Promise<Followings> => newReader(followed).follow(),
  memory: measureMemory,
})

function newReader(followed: Followed): SoakReader {
  const reader = new SoakReader(instance, followed)
  readers.add(reader)
  return reader
}
