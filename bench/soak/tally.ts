import type { Followings } from './reader.ts'

/** What a soak has counted. */
export class Tally {
  streams = 0
  tokens = 0
  readings = 0
  resumes = 0
  retries = 0
  kills = 0
  drops = 0
  gaps = 0
  duplicates = 0
  others = 0
  readonly hangs: string[] = []
  /** Ends that were not complete, by what they said. */
  readonly cuts: Map<string, number> = new Map()

  add({ fault, hung, ending, resumes, retries }: Followings): void {
    this.readings++
    this.resumes += resumes
    this.retries += retries
    if (fault === 'gap') this.gaps++
    if (fault === 'duplicate') this.duplicates++
    if (fault === 'other') this.others++
    if (hung !== undefined) this.hangs.push(hung)
    if (ending !== 'complete' && ending !== 'hung') this.cuts.set(ending, (this.cuts.get(ending) ?? 0) + 1)
  }

  /** Whether every text was whole, once, and came to its end. */
  get clean(): boolean {
    return this.gaps + this.duplicates + this.others + this.hangs.length === 0 && this.cuts.size === 0
  }
}
