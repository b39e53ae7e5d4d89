// Uploads a file with tus-js-client, gives up when the network is cut, goes on when told to.
//
// node upload.mjs URL TOKEN FILE CLIP
// Writes {"event":"cut"}, waits for a line, then {"event":"resumed","offset":…} and
// {"event":"done","upload":…}.

import fs from 'node:fs'
import readline from 'node:readline'
import { Upload } from 'tus-js-client'

const [url, token, path, clip] = process.argv.slice(2)
const say = (line) => process.stdout.write(JSON.stringify(line) + '\n')
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()

function run(uploadUrl) {
  return new Promise((resolve) => {
    let resumedAt = null
    const upload = new Upload(fs.createReadStream(path), {
      endpoint: `${url}/v1/files`,
      uploadUrl,
      headers: { Authorization: `Bearer ${token}` },
      metadata: { clip },
      uploadSize: fs.statSync(path).size,
      retryDelays: null,
      onAfterResponse: (request, response) => {
        if (request.getMethod() === 'HEAD') resumedAt = Number(response.getHeader('Upload-Offset'))
      },
      onError: (error) => resolve({ error, upload: upload.url, resumedAt }),
      onSuccess: () => resolve({ upload: upload.url, resumedAt }),
    })
    upload.start()
  })
}

const first = await run(null)
if (!first.error) throw new Error('the network was to be cut')
say({ event: 'cut', upload: first.upload })
await lines.next()
const second = await run(first.upload)
if (second.error) throw second.error
say({ event: 'resumed', offset: second.resumedAt })
say({ event: 'done', upload: second.upload })
process.exit(0)
