import { byId } from './dom/find.ts'

const NAMES = ['compare', 'live', 'batches', 'policies'] as const
export type TabName = (typeof NAMES)[number]

/** Tabs as the keyboard and a screen reader know them: one can be reached, arrows lead to the others, the address remembers. */
export function openTabs(onShown: (name: TabName, isShown: boolean) => void): void {
  const buttons = NAMES.map((name) => byId<HTMLButtonElement>(`tab-${name}`))

  function select(chosen: number): void {
    for (const [index, button] of buttons.entries()) {
      const isChosen = index === chosen
      button.setAttribute('aria-selected', String(isChosen))
      button.tabIndex = isChosen ? 0 : -1
      byId(NAMES[index]!).hidden = !isChosen
      onShown(NAMES[index]!, isChosen)
    }
  }

  function go(index: number): void {
    const chosen = (index + buttons.length) % buttons.length
    history.replaceState(null, '', `#${NAMES[chosen]}`)
    select(chosen)
    buttons[chosen]!.focus()
  }

  for (const [index, button] of buttons.entries()) {
    button.addEventListener('click', () => go(index))
    button.addEventListener('keydown', ({ key }) => {
      if (key === 'ArrowRight') go(index + 1)
      else if (key === 'ArrowLeft') go(index - 1)
      else if (key === 'Home') go(0)
      else if (key === 'End') go(-1)
    })
  }
  const named = NAMES.findIndex((name) => location.hash === `#${name}`)
  select(Math.max(0, named))
}
