/**
 * Builds the style sheets and scripts into static/build/.
 *
 *   node static/build.mjs           builds
 *   node static/build.mjs --sizes   builds, then prints what each kind of page loads
 *
 * Every file carries a hash of its content in its name, so that it can be cached for ever;
 * manifest.json maps the logical name ("app.js") to the file. Compressed siblings
 * (.gz, .br) are made once here instead of on every request.
 *
 * Modules are built one by one instead of with automatic code splitting: each then has a
 * name that a page can preload, and none depends on a chunk that only the bundler knows.
 */
import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

import * as esbuild from 'esbuild'
import * as sass from 'sass'

const here = dirname(fileURLToPath(import.meta.url))
const source = join(here, 'src')
const target = join(here, 'build')
const staging = join(here, 'build.new')
const nodeModules = join(here, '..', 'node_modules')
const nhsuk = dirname(createRequire(import.meta.url).resolve('nhsuk-frontend/package.json'))

/** Design system icons that its style sheet refers to; its logo and favicon are trade marks and stay out. */
const ICONS = ['arrow-down', 'arrow-up', 'arrow-up-down', 'cross']

const STYLES = ['app', 'room']

/**
 * In the order of building: a module comes after those that it imports.
 * `imports` are kept as files of their own, so that several modules share one copy.
 */
const MODULES = [
  { name: 'socket', entry: 'live/socket.js', imports: [] },
  { name: 'morph', entry: 'live/morph.js', imports: [] },
  { name: 'live', entry: 'live/live.js', imports: ['socket', 'morph'] },
  { name: 'day', entry: 'day/day.js', imports: [] },
  { name: 'search', entry: 'search/search.js', imports: [] },
  { name: 'hold', entry: 'hold/hold.js', imports: [] },
  { name: 'session', entry: 'session/session.js', imports: [] },
  { name: 'passkey', entry: 'passkey/passkey.js', imports: [] },
  { name: 'note', entry: 'note/note.js', imports: ['session'] },
  { name: 'room', entry: 'room/room.js', imports: ['socket', 'morph'] },
  { name: 'app', entry: 'app.js', imports: ['day', 'hold', 'live', 'note', 'passkey', 'room', 'search', 'session'] }
]

/** What a page of each kind loads. */
const PAGES = {
  'ordinary page': ['app.css', 'app.js'],
  'clinic list': ['app.css', 'app.js', 'session.js', 'live.js', 'socket.js', 'morph.js'],
  'day sheet': ['app.css', 'app.js', 'session.js', 'day.js', 'live.js', 'socket.js', 'morph.js'],
  'desk': ['app.css', 'app.js', 'session.js', 'search.js'],
  'room page (patient)': ['app.css', 'room.css', 'app.js', 'room.js', 'socket.js'],
  'consultation (clinician)': [
    'app.css', 'room.css', 'app.js', 'session.js', 'room.js', 'socket.js', 'note.js', 'morph.js'
  ]
}

/** @type {Record<string, string>} logical name -> file name */
const manifest = {}

/**
 * @param {string} logicalName
 * @param {string | Uint8Array} content
 */
async function store(logicalName, content) {
  const bytes = Buffer.from(content)
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10)
  const extension = extname(logicalName)
  const fileName = `${logicalName.slice(0, -extension.length)}-${hash}${extension}`
  manifest[logicalName] = fileName
  const path = join(staging, fileName)
  await writeFile(path, bytes)
  await writeFile(`${path}.gz`, gzipSync(bytes, { level: 9 }))
  await writeFile(
    `${path}.br`,
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })
  )
}

async function buildIcons() {
  const folder = join(nhsuk, 'dist', 'nhsuk', 'assets', 'images')
  for (const icon of ICONS) {
    const name = `nhsuk-icon-${icon}.svg`
    await store(name, await readFile(join(folder, name)))
  }
  await store('favicon.svg', await readFile(join(source, 'favicon.svg')))
}

async function buildStyles() {
  for (const name of STYLES) {
    const { css } = sass.compile(join(source, `${name}.scss`), {
      style: 'compressed',
      quietDeps: true,
      silenceDeprecations: ['import'],
      importers: [{ findFileUrl: (url) => findPackageFile(url) }]
    })
    const linked = css.replace(/url\(["']?[^"')]*?(nhsuk-icon-[a-z-]+\.svg)["']?\)/g, (_, icon) => {
      const file = manifest[icon]
      if (!file) throw new Error(`The style sheet refers to ${icon}: add it to ICONS.`)
      return `url("${file}")`
    })
    if (/url\(["']?https?:/.test(linked)) throw new Error(`${name}.scss refers to another origin.`)
    await store(`${name}.css`, linked)
  }
}

/** @param {string} url */
function findPackageFile(url) {
  return url.startsWith('nhsuk-frontend/') ? pathToFileURL(join(nodeModules, url)) : null
}

/** @param {typeof MODULES[number]} module */
async function buildModule(module) {
  const kept = new Map(
    module.imports.map((name) => {
      const entry = MODULES.find((other) => other.name === name)?.entry ?? name
      return [join(source, entry), `./${manifest[`${name}.js`]}`]
    })
  )
  const result = await esbuild.build({
    entryPoints: [join(source, module.entry)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    write: false,
    logLevel: 'warning',
    plugins: [
      {
        name: 'modules-of-their-own',
        setup(build) {
          build.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, kind }) => {
            if (kind === 'entry-point') return undefined
            const file = kept.get(join(resolveDir, path))
            return file ? { path: file, external: true } : undefined
          })
        }
      }
    ]
  })
  const [output] = result.outputFiles
  if (!output) throw new Error(`${module.entry} gave no output.`)
  await store(`${module.name}.js`, output.contents)
}

async function printSizes() {
  const files = await readdir(target)
  for (const [page, names] of Object.entries(PAGES)) {
    const sizes = await Promise.all(
      names.map(async (name) => {
        const file = `${manifest[name]}.gz`
        if (!files.includes(file)) throw new Error(`${file} is missing.`)
        return { name, bytes: (await readFile(join(target, file))).length }
      })
    )
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
    const detail = sizes.map(({ name, bytes }) => `${name} ${kilobytes(bytes)}`).join(', ')
    console.log(`${page}: ${kilobytes(total)} kB gzip (${detail})`)
  }
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return (bytes / 1000).toFixed(1)
}

await rm(staging, { recursive: true, force: true })
await mkdir(staging, { recursive: true })
await buildIcons()
await buildStyles()
for (const module of MODULES) await buildModule(module)
await writeFile(join(staging, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`)
await rm(target, { recursive: true, force: true })
await rename(staging, target)
console.log(`Built ${Object.keys(manifest).length} files into static/build/.`)
if (process.argv.includes('--sizes')) await printSizes()
