import { createElement } from 'react'
import { createRoot } from 'react-dom/client'

import { Chat } from './chat.ts'

createRoot(document.querySelector('#root')!).render(createElement(Chat, { name: 'example' }))
