import type { JsonObject } from '../../json/json-object.ts'
import { type ItemKind, kindOf } from './item-members.ts'

/** What an item must have to be found again. */
export interface KnownItem {
  readonly kind: ItemKind
  readonly over: boolean
}

/**
 * The items that a backend has told of, found again by what it calls them. Some leave the place of an item out, or count otherwise
 * in the end: an id, or that of a call, tells more than a place.
 */
export class KnownItems<Item extends KnownItem> {
  readonly #inOrder: Item[] = []
  readonly #byPlace: Map<number, Item> = new Map()
  readonly #byName: Map<string, Item> = new Map()

  add(place: number, added: JsonObject, item: Item): void {
    this.#inOrder.push(item)
    this.#byPlace.set(place, item)
    this.learn(added, item)
  }

  /** What an item is called. */
  learn(said: JsonObject, item: Item): void {
    for (const name of namesOf(said)) this.#byName.set(name, item)
  }

  /** The item that an event is about. */
  of({ item_id: id }: JsonObject, place: number): Item | undefined {
    return (typeof id === 'string' ? this.#byName.get(`id ${id}`) : undefined) ?? this.#byPlace.get(place)
  }

  /** The item that is told of as a whole. */
  ofWhole(whole: JsonObject, place: number): Item | undefined {
    const named = this.#named(whole)
    if (named) return named
    const here = this.#byPlace.get(place)
    return here?.over && namesOf(whole).length > 0 ? undefined : here
  }

  /** The same for the output of a response that is over: its items stand in the order in which they were told of. */
  ofOutput(whole: JsonObject, position: number): Item | undefined {
    const named = this.#named(whole)
    if (named) return named
    const kind = kindOf(typeof whole.type === 'string' ? whole.type : 'message')
    // A call that has another id is another call.
    if (kind === 'call' && typeof whole.call_id === 'string') return undefined
    const here = this.#inOrder[position]
    return here && !here.over && here.kind !== kind ? this.#inOrder.find((item) => isOpen(item, kind)) : here
  }

  #named(whole: JsonObject): Item | undefined {
    const name = namesOf(whole).find((one) => this.#byName.has(one))
    return name === undefined ? undefined : this.#byName.get(name)
  }
}

function isOpen(item: KnownItem, kind: ItemKind): boolean {
  return !item.over && item.kind === kind
}

function namesOf({ id, call_id: call }: JsonObject): string[] {
  return [...(typeof id === 'string' ? [`id ${id}`] : []), ...(typeof call === 'string' ? [`call ${call}`] : [])]
}
