import { byId } from '../dom/find.ts'
import { KeptRows } from '../dom/kept-rows.ts'
import { show, tell } from '../dom/show.ts'
import type { Batch } from '../server/batch-answer.ts'
import type { Server } from '../server/server.ts'
import { type BatchAct, batchRows, isOver, nameOf } from './batch-rows.ts'
import { endpointIn } from './endpoint-in.ts'
import { exampleFile } from './example-file.ts'
import { saveFile } from './save-file.ts'
import { upload } from './upload.ts'

/** How often it is looked while something runs; and else, as others may begin one. */
const RUNNING_MS = 1_000
const IDLE_MS = 5_000
const LIMIT = 50

const FILE = byId<HTMLInputElement>('batch-file')
const STATE = byId('batch-state')
const BUTTONS = ['batch-start', 'batch-example'].map((id) => byId<HTMLButtonElement>(id))

/** The tab with one's own batches: upload, watch, save. */
export class BatchesTab {
  readonly #server: Server
  readonly #failed: (error: unknown) => void
  readonly #rows: KeptRows<Batch>
  #batches: readonly Batch[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #isShown = false
  /** What is said is of the list, which is asked for again. */
  #saysNoList = false

  constructor(server: Server, failed: (error: unknown) => void) {
    this.#server = server
    this.#failed = failed
    const painter = batchRows({ act: (act, id) => void this.#do(act, id), now: () => server.nowMs })
    this.#rows = new KeptRows(byId('batch-rows'), painter)
    byId('batch-form').addEventListener('submit', (event) => {
      event.preventDefault()
      const file = FILE.files?.[0]
      if (file) void this.#begin(async () => file)
    })
    byId('batch-example').addEventListener('click', () => {
      void this.#begin(async () => exampleFile(await server.model()))
    })
    document.addEventListener('visibilitychange', () => this.#look())
  }

  /** Whether it is looked at: else it asks for nothing. */
  setShown(isShown: boolean): void {
    this.#isShown = isShown
    this.#look()
  }

  #look(): void {
    clearTimeout(this.#timer)
    if (this.#isShown && !document.hidden) void this.#refresh()
  }

  async #refresh(): Promise<void> {
    try {
      const { data, has_more: more } = await this.#server.batches(LIMIT)
      this.#batches = data
      this.#rows.show(data)
      const hint = data.length === 0 ? NONE : HINT
      show(byId('batch-hint'), more ? `${HINT} There are more; the latest ${data.length} are shown.` : hint)
      if (this.#saysNoList) this.#say('')
    } catch (error) {
      this.#say((error as Error).message, true)
      this.#saysNoList = true
      this.#failed(error)
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#look(), this.#batches.every(isOver) ? IDLE_MS : RUNNING_MS)
  }

  async #begin(choose: () => Promise<File>): Promise<void> {
    for (const button of BUTTONS) button.disabled = true
    try {
      const file = await choose()
      this.#say(`Uploading ${file.name} …`)
      const [uploaded, endpoint] = await Promise.all([
        upload(this.#server, file, (part) => this.#say(`Uploading ${file.name}: ${Math.round(100 * part)} %`)),
        endpointIn(file),
      ])
      await this.#server.beginBatch(uploaded, endpoint)
      this.#say(`${file.name} was uploaded.`)
      FILE.value = ''
    } catch (error) {
      this.#say((error as Error).message, true)
      this.#failed(error)
    }
    for (const button of BUTTONS) button.disabled = false
    this.#look()
  }

  async #do(act: BatchAct, id: string): Promise<void> {
    const batch = this.#batches.find((one) => one.id === id)
    if (!batch) return
    const stem = nameOf(batch).replace(/\.jsonl$/, '')
    try {
      if (act === 'cancel') await this.#server.cancelBatch(id)
      else if (act === 'answers') await saveFile(this.#server, batch.output_file_id!, `${stem}-answers.jsonl`)
      else await saveFile(this.#server, batch.error_file_id!, `${stem}-failures.jsonl`)
    } catch (error) {
      this.#say((error as Error).message, true)
      this.#failed(error)
    }
    this.#look()
  }

  #say(text: string, isBad = false): void {
    this.#saysNoList = false
    tell(STATE, text, isBad)
  }
}

const HINT = 'Yours, newest first. Nobody else sees them.'
const NONE = 'There are none yet.'
