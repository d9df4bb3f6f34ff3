/** The element of that id, of a kind that the page is written with. */
export function byId<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind
}

/** The one element below `parent` that matches. */
export function within<Kind extends HTMLElement = HTMLElement>(parent: ParentNode, selector: string): Kind {
  return parent.querySelector<Kind>(selector)!
}

/** A new element with that text. */
export function make<Name extends keyof HTMLElementTagNameMap>(name: Name, text = ''): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  element.textContent = text
  return element
}
