import { launchChromium } from '../rig/chromium.ts'
import { describeFacts } from '../rig/facts.ts'
import { useLab } from '../rig/lab.ts'
import { describeStories } from '../rig/stories.ts'

const lab = useLab(launchChromium)
describeStories(lab)
describeFacts(lab)
