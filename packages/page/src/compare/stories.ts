import { byId } from '../dom/find.ts'

/** What the stories need of the tab. */
export interface StoryParts {
  cut(): void
  streamId(): string | undefined
}

const BUTTONS = ['cut', 'reload', 'cancel-elsewhere', 'second-tab'] as const

/** Gives the buttons of the stories their meaning. */
export function setStories(parts: StoryParts): void {
  byId('cut').addEventListener('click', () => parts.cut())
  byId('reload').addEventListener('click', () => location.reload())
  byId('second-tab').addEventListener('click', () => openTab(parts.streamId(), {}))
  byId('cancel-elsewhere').addEventListener('click', () => openTab(parts.streamId(), { cancel: '1' }))
}

/** They have a meaning once there is a stream. */
export function allowStories(): void {
  for (const id of BUTTONS) byId<HTMLButtonElement>(id).disabled = false
}

function openTab(stream: string | undefined, more: Readonly<Record<string, string>>): void {
  if (stream === undefined) return
  // Another tab altogether: it shares neither memory nor what this one keeps.
  open(`./?${new URLSearchParams({ stream, ...more }).toString()}`, '_blank', 'noopener')
}
